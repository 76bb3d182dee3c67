import { useId, useState } from 'react'

import { useAnswer } from '../etf/useAnswer'
import { KIND_WORDS, MOST_PERCENT, premiumSentence, SIZED, thresholdSentence, typed } from './settings'
import { KINDS, type WatchKind, type WatchSettings } from './types'

interface SettingsFormProps {
  settings: WatchSettings
  /** How many ETFs "apply to all" would change; 0 offers nothing of the kind. */
  others: number
  busy: boolean
  problem: string | null
  onSave: (settings: WatchSettings, all: boolean) => void
}

/** What to be told of an ETF, from which size on, and where to. */
export function SettingsForm({ settings, others, busy, problem, onSave }: SettingsFormProps) {
  const [kinds, setKinds] = useState<ReadonlySet<WatchKind>>(() => new Set(settings.kinds))
  const [threshold, setThreshold] = useState(String(settings.threshold_pp))
  const [premium, setPremium] = useState(String(settings.premium_pct))
  const [discord, setDiscord] = useState(settings.discord)
  const [muted, setMuted] = useState(settings.muted)
  const [asking, setAsking] = useState(false)
  const thresholdValue = typed(threshold)
  const premiumValue = typed(premium)
  const sized = [...kinds].some((kind) => SIZED.has(kind))
  const wrong = (sized && thresholdValue === null) || (kinds.has('premium') && premiumValue === null)

  const save = (all: boolean) =>
    onSave(
      {
        kinds: KINDS.filter((kind) => kinds.has(kind)), discord, muted,
        threshold_pp: thresholdValue ?? settings.threshold_pp, premium_pct: premiumValue ?? settings.premium_pct,
      },
      all,
    )
  const toggle = (kind: WatchKind) => {
    const next = new Set(kinds)
    if (!next.delete(kind)) next.add(kind)
    setKinds(next)
  }

  return (
    <form
      className="watch-settings" noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!wrong) save(false)
      }}
    >
      <div className="watch-settings-body">
        <fieldset>
          <legend>무엇이 바뀌면 알릴까요?</legend>
          <div className="watch-kinds">
            {KINDS.map((kind) => (
              <label className="watch-kind" key={kind}>
                <input type="checkbox" checked={kinds.has(kind)} onChange={() => toggle(kind)} />
                <span>
                  <b>{KIND_WORDS[kind].name}</b>
                  <small>{KIND_WORDS[kind].means}</small>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        {sized && (
          <Figure
            label="얼마나 바뀌면" unit="%p" value={threshold} onValue={setThreshold} offered={['0.1', '0.5', '1', '2']}
            sentence={thresholdValue === null ? null : thresholdSentence(thresholdValue)}
            note={kinds.has('new') || kinds.has('out') ? '신규 편입과 편출은 크기와 관계없이 알려 드립니다.' : null}
          />
        )}
        {kinds.has('premium') && (
          <Figure
            label="괴리율이 얼마나 벌어지면" unit="%" value={premium} onValue={setPremium} offered={['0.5', '1', '2']}
            sentence={premiumValue === null ? null : premiumSentence(premiumValue)} note={null}
          />
        )}
        <fieldset>
          <legend>어디로 알릴까요?</legend>
          <p className="watch-setting-note">이 화면의 알림(종 모양)에는 늘 남습니다.</p>
          <DiscordSwitch checked={discord} onChecked={setDiscord} />
          <label className="watch-kind">
            <input type="checkbox" checked={muted} onChange={(event) => setMuted(event.target.checked)} />
            <span>
              <b>알림 끄기</b>
              <small>목록에는 남고, 알림은 다시 켤 때까지 오지 않습니다.</small>
            </span>
          </label>
        </fieldset>
      </div>
      <div className="watch-settings-foot">
        {problem && <p className="watch-problem" role="alert">{problem}</p>}
        {asking ? (
          <div className="watch-all-ask" role="group" aria-label="모두에 적용">
            <p>관심 ETF {others + 1}개의 알림 설정이 모두 이대로 바뀝니다.</p>
            <button type="button" className="button primary" disabled={busy || wrong} onClick={() => save(true)} autoFocus>
              모두 바꾸기
            </button>
            <button type="button" className="button" onClick={() => setAsking(false)}>
              취소
            </button>
          </div>
        ) : (
          <>
            <button type="submit" className="button primary" disabled={busy || wrong}>
              {busy ? '저장하는 중…' : '저장'}
            </button>
            {others > 0 && (
              <button type="button" className="button" disabled={busy || wrong} onClick={() => setAsking(true)}>
                모두에 적용
              </button>
            )}
          </>
        )}
      </div>
    </form>
  )
}

interface FigureProps {
  label: string
  unit: string
  value: string
  onValue: (value: string) => void
  offered: string[]
  /** What the figure means; null where it is none. */
  sentence: string | null
  note: string | null
}

function Figure({ label, unit, value, onValue, offered, sentence, note }: FigureProps) {
  const id = useId()
  return (
    <div className="watch-figure">
      <label htmlFor={id}>{label}</label>
      <div className="watch-figure-line">
        <input
          id={id} className="field" inputMode="decimal" autoComplete="off" value={value} aria-invalid={sentence === null} aria-describedby={`${id}-means`}
          onChange={(event) => onValue(event.target.value)}
        />
        <span aria-hidden="true">{unit}</span>
        <span className="watch-offered" role="group" aria-label={`${label}: 자주 쓰는 값`}>
          {offered.map((figure) => (
            <button type="button" key={figure} aria-pressed={Number(value) === Number(figure)} onClick={() => onValue(figure)}>
              {figure}
              {unit}
            </button>
          ))}
        </span>
      </div>
      <p className="watch-setting-note" id={`${id}-means`} role="status">
        {sentence ?? `0에서 ${MOST_PERCENT} 사이의 수를 소수 둘째 자리까지 적어 주세요.`}
      </p>
      {note && <p className="watch-setting-note">{note}</p>}
    </div>
  )
}

interface DiscordSwitchProps {
  checked: boolean
  onChecked: (checked: boolean) => void
}

/** Posts to the person's own Discord, where there is one; else it says how to have one. */
function DiscordSwitch({ checked, onChecked }: DiscordSwitchProps) {
  const webhook = useAnswer<{ configured: boolean; switched_off_at: string | null }>('/api/me/discord')
  const missing = webhook.state === 'none' || (webhook.state === 'ready' && !webhook.value.configured)
  const off = webhook.state === 'ready' && webhook.value.configured && webhook.value.switched_off_at !== null
  return (
    <div className="watch-discord">
      <label className="watch-kind">
        <input type="checkbox" checked={checked} onChange={(event) => onChecked(event.target.checked)} />
        <span>
          <b>디스코드로도 받기</b>
          <small>내 디스코드 채널에 같은 내용을 보냅니다.</small>
        </span>
      </label>
      {(missing || off) && (
        <p className="watch-setting-note">
          {missing ? '아직 등록한 디스코드 웹훅이 없습니다. ' : '디스코드 전송이 멈춰 있습니다. '}
          <a href="/account#discord">{missing ? '계정 화면에서 등록하기' : '계정 화면에서 확인하기'}</a>
        </p>
      )}
    </div>
  )
}
