import { useState } from 'react'

import { ChangeRows } from '../changes/ChangeRows'
import { told } from '../http'
import { day, number } from '../table/format'
import { putWatch } from '../watch/api'
import { useWatched } from '../watch/watched'
import { setMuted, useMuted } from './muted'
import type { AlertEvent } from './types'
import { alertQuestion, gapWords, rate, tradingDay } from './words'

interface AlertCardProps {
  event: AlertEvent
  unread: boolean
  onAsk: ((question: string) => void) | null
}

/** What changed in an ETF that the person watches: bought and sold apart from what only the prices moved. */
export function AlertCard({ event, unread, onAsk }: AlertCardProps) {
  const { etf, compared_with, gap = [], gap_total = null, trades = [], drift = [], weights_comparable = true, sample, ...rest } = event.content
  const { trades_total = trades.length, drift_total = drift.length } = rest
  const address = `/etf/${encodeURIComponent(etf.code)}`
  const missing = gapWords(gap, gap_total)
  return (
    <article className="notification alert" data-unread={unread || undefined}>
      <header>
        <h3>
          <a href={address}>{etf.name}</a>
          {unread && <span className="for-screen-readers"> (읽지 않음)</span>}
        </h3>
        <time dateTime={event.created_at}>{day(event.created_at)}</time>
      </header>
      <p className="notification-counts">
        {sample && '예시 자료 · '}
        {tradingDay(event.date)}
        {compared_with && ` · ${tradingDay(compared_with)}과 비교`}
      </p>
      {missing && <p className="alert-gap">{missing}</p>}
      <Facts content={event.content} />
      <ChangeRows rows={[...trades, ...drift]} heading="h4" onAsk={onAsk} question={(row) => alertQuestion(event.date, row)} />
      <Rest trades={trades_total - trades.length} drift={drift_total - drift.length} address={address} />
      {!weights_comparable && <p className="notification-still">두 날의 비중을 정하는 방식이 달라 비중 변화는 비교하지 않았습니다.</p>}
      <Mute code={etf.code} name={etf.name} />
    </article>
  )
}

/** What is told of the ETF itself. */
function Facts({ content: { premium, fee, name } }: { content: AlertEvent['content'] }) {
  if (!premium && !fee && !name) return null
  return (
    <dl className="alert-facts">
      {premium && (
        <div>
          <dt>괴리율</dt>
          <dd>
            {premium.before !== null && (
              <>
                {number(premium.before, 2)}% <Arrow />{' '}
              </>
            )}
            <strong>{number(premium.after, 2)}%</strong>
            <span> 기준 {rate(premium.limit)}를 넘음</span>
          </dd>
        </div>
      )}
      {fee && (
        <div>
          <dt>보수</dt>
          <dd>
            {rate(fee.before)} <Arrow /> <strong>{rate(fee.after)}</strong>
          </dd>
        </div>
      )}
      {name && (
        <div>
          <dt>이름</dt>
          <dd>
            {name.before} <Arrow /> <strong>{name.after}</strong>
          </dd>
        </div>
      )}
    </dl>
  )
}

function Arrow() {
  return (
    <>
      <span aria-hidden="true">→</span>
      <span className="for-screen-readers">에서</span>
    </>
  )
}

function Rest({ trades, drift, address }: { trades: number; drift: number; address: string }) {
  const more = [trades > 0 && `매매 ${number(trades)}건`, drift > 0 && `비중 변화 ${number(drift)}건`].filter(Boolean)
  if (more.length === 0) return null
  return (
    <p className="notification-links">
      {more.join(', ')} 더 있음 · <a href={address}>모두 보기</a>
    </p>
  )
}

/** Switches the alerts of this ETF off, and on again for who did not mean it. */
function Mute({ code, name }: { code: string; name: string }) {
  const watched = useWatched(code)
  const muted = useMuted(code)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  // Changing the settings of an ETF that is no longer watched would watch it again.
  if (!watched && !muted) return null
  const label = muted ? '되돌리기' : '이 ETF 알림 끄기'
  const put = (next: boolean) => {
    setBusy(true)
    setProblem(null)
    putWatch(code, { muted: next })
      .then(() => setMuted(code, next))
      .catch((error: unknown) => setProblem(told(error)))
      .finally(() => setBusy(false))
  }
  return (
    <div className="alert-mute" aria-live="polite">
      {muted && <span>알림을 껐습니다.</span>}
      <button
        type="button" className="button small" disabled={busy} aria-label={`${label}: ${name}`} onClick={() => put(!muted)}
      >
        {label}
      </button>
      {problem && <span className="alert-problem">{problem}</span>}
    </div>
  )
}
