import '../styles/proposal.css'

import { useId, useState } from 'react'

import { signInAddress } from '../account/session'
import { Icon } from '../icons'
import { KIND_WORDS, SIZED, summary, typed } from '../watch/settings'
import { KINDS, type WatchKind } from '../watch/types'
import { chosen, type Choice, type Decision, heading, type Proposal, stands, USUAL } from './proposal'
import { type Known, useProposal } from './useProposal'

interface ProposalCardProps {
  proposal: Proposal
  runId: string
  decision: Decision | null
  onDecided: (decision: Decision) => void
}

/** The alert that an answer proposes, to be changed, set or left: nothing is set before the person says so here. */
export function ProposalCard({ proposal, runId, decision, onDecided }: ProposalCardProps) {
  const id = useId()
  const { session, known, done, busy, problem, confirm, drop } = useProposal(proposal, runId, decision, onDecided)
  const settled = decision === 'set' || done
  return (
    <section className="proposal" aria-labelledby={id} data-state={settled ? 'set' : (decision ?? 'open')}>
      <h3 className="proposal-head" id={id}>
        <Icon name="bell" size={18} />
        {heading(proposal)}
      </h3>
      {proposal.etfs.length > 1 && <p className="proposal-etfs">{proposal.etfs.map(({ name }) => name).join(', ')}</p>}
      {settled ? (
        <Settled proposal={proposal} known={known} />
      ) : decision === 'dropped' ? (
        <p className="proposal-note">설정하지 않기로 했습니다.</p>
      ) : session === 'nobody' ? (
        <>
          <p className="proposal-note">알림은 로그인한 뒤에 설정할 수 있습니다. 돌아오면 이 대화가 그대로 있습니다.</p>
          <p className="proposal-actions">
            <a className="button primary" href={signInAddress()}>
              로그인하고 설정
            </a>
          </p>
        </>
      ) : known ? (
        <Open proposal={proposal} known={known} busy={busy} onConfirm={confirm} onDrop={drop} />
      ) : (
        !problem && <p className="proposal-note">{session === 'away' ? '서버에 연결할 수 없습니다.' : '설정을 확인하는 중…'}</p>
      )}
      {problem && <p className="proposal-problem" role="alert">{problem}</p>}
    </section>
  )
}

interface OpenProps {
  proposal: Proposal
  known: Known
  busy: boolean
  onConfirm: (choice: Choice) => Promise<void>
  onDrop: () => Promise<void>
}

function Open({ proposal, known, busy, onConfirm, onDrop }: OpenProps) {
  const only = known.watches.length === 1 ? (known.watches[0]?.watch ?? null) : null
  const [choice, setChoice] = useState(() => chosen(proposal))
  const [threshold, setThreshold] = useState(String(proposal.threshold_pp ?? only?.threshold_pp ?? USUAL.threshold_pp))
  const [premium, setPremium] = useState(String(proposal.premium_pct ?? only?.premium_pct ?? USUAL.premium_pct))
  const discord = choice.discord ?? only?.discord ?? USUAL.discord
  const sized = choice.kinds.some((kind) => SIZED.has(kind))
  const premiumToo = choice.kinds.includes('premium')
  const adjustable = !proposal.mute && proposal.kinds.length > 0
  const wrong = (sized && typed(threshold) === null) || (premiumToo && typed(premium) === null) || (adjustable && choice.kinds.length === 0)
  const empty = known.watches.length === 0 || (proposal.mute && known.watches.every(({ watch }) => watch === null))
  const kept = known.watches.some(({ watch }) => watch && !watch.muted && watch.kinds.some((kind) => !choice.kinds.includes(kind)))

  const change = (next: Partial<Choice>) => setChoice({ ...choice, ...next })
  const toggle = (kind: WatchKind) =>
    change({ kinds: KINDS.filter((one) => (one === kind ? !choice.kinds.includes(one) : choice.kinds.includes(one))) })

  if (empty) {
    return (
      <p className="proposal-note">
        {proposal.mute ? '관심 목록에 없는 ETF라 끌 알림이 없습니다.' : '관심 목록이 비어 있습니다. ETF를 먼저 담아 주세요.'} <a href="/watchlist">관심 목록</a>
      </p>
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!wrong && !busy) void onConfirm(choice)
      }}
    >
      {adjustable && (
        <fieldset className="proposal-kinds">
          <legend>무엇이 바뀌면</legend>
          {KINDS.map((kind) => (
            <label className="proposal-kind" key={kind} title={KIND_WORDS[kind].means}>
              <input type="checkbox" checked={choice.kinds.includes(kind)} onChange={() => toggle(kind)} />
              <span>{KIND_WORDS[kind].name}</span>
            </label>
          ))}
        </fieldset>
      )}
      {proposal.mute && proposal.kinds.length > 0 && (
        <p className="proposal-note">끄는 알림: {proposal.kinds.map((kind) => KIND_WORDS[kind].name).join(', ')}</p>
      )}
      {adjustable && (sized || premiumToo) && (
        <div className="proposal-figures">
          {sized && (
            <Figure
              label="얼마나 바뀌면" unit="%p 이상" value={threshold}
              onValue={(text) => (setThreshold(text), change({ threshold_pp: typed(text) }))}
            />
          )}
          {premiumToo && (
            <Figure
              label="괴리율이 얼마면" unit="% 이상" value={premium}
              onValue={(text) => (setPremium(text), change({ premium_pct: typed(text) }))}
            />
          )}
        </div>
      )}
      {!proposal.mute && (
        <div className="proposal-places">
          <label className="proposal-kind">
            <input type="checkbox" checked={discord} onChange={(event) => change({ discord: event.target.checked })} />
            <span>디스코드로도 받기</span>
          </label>
          <p className="proposal-note">화면의 알림(종 모양)에는 늘 남습니다.</p>
          {discord && known.webhook === false && (
            <p className="proposal-note">
              등록한 디스코드 웹훅이 없어 지금은 화면으로만 알려 드립니다. <a href="/account#discord">계정에서 등록하기</a>
            </p>
          )}
        </div>
      )}
      {adjustable && kept && <p className="proposal-note">이미 받고 있는 다른 알림은 그대로 둡니다.</p>}
      <p className="proposal-actions">
        <button type="submit" className="button primary" disabled={busy || wrong}>
          {busy ? '설정하는 중…' : proposal.mute ? '알림 끄기' : '알림 설정'}
        </button>
        <button type="button" className="button" disabled={busy} onClick={() => void onDrop()}>
          그만두기
        </button>
      </p>
      {!wrong && <p className="proposal-note">‘네’라고 답해도 처음 제안대로 설정되고, ‘아니요’라고 답하면 설정하지 않습니다.</p>}
      {wrong && <p className="proposal-note" role="status">{choice.kinds.length === 0 ? '알릴 것을 하나는 골라 주세요.' : '0에서 100 사이의 수를 소수 둘째 자리까지 적어 주세요.'}</p>}
    </form>
  )
}

interface FigureProps {
  label: string
  unit: string
  value: string
  onValue: (value: string) => void
}

function Figure({ label, unit, value, onValue }: FigureProps) {
  const id = useId()
  return (
    <p className="proposal-figure">
      <label htmlFor={id}>{label}</label>
      <input
        id={id} className="field" inputMode="decimal" autoComplete="off" value={value} aria-invalid={typed(value) === null} aria-describedby={`${id}-unit`}
        onChange={(event) => onValue(event.target.value)}
      />
      <span id={`${id}-unit`}>{unit}</span>
    </p>
  )
}

/** What is set, as it stands at the server at this moment. */
function Settled({ proposal, known }: { proposal: Proposal; known: Known | null }) {
  const inForce = known === null || stands(proposal, known.watches.map(({ watch }) => watch))
  const watched = known?.watches.filter(({ watch }) => watch !== null) ?? []
  return (
    <div role="status">
      <p className="proposal-done">
        <Icon name="check" size={16} />
        {inForce ? (proposal.mute ? '알림을 껐습니다.' : '설정했습니다.') : '설정한 뒤에 바뀌었습니다. 지금은 이렇습니다.'}
      </p>
      {known && (
        <ul className="proposal-set">
          {watched.slice(0, 5).map(({ code, name, watch }) => (
            <li key={code}>
              <a href={`/etf/${code}`}>{name}</a>: {watch && summary(watch)}
            </li>
          ))}
          {watched.length === 0 && <li>지금은 관심 목록에 없습니다.</li>}
          {watched.length > 5 && <li>외 {watched.length - 5}개</li>}
        </ul>
      )}
      <p className="proposal-note">
        <a href="/watchlist">관심 목록에서 보고 바꾸기</a>
      </p>
    </div>
  )
}
