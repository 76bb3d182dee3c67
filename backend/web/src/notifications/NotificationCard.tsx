import { day, number } from '../table/format'
import { AlertCard } from './AlertCard'
import { DiscordOffCard } from './DiscordOffCard'
import type { CollectionEvent, Missing, Moved, Notification, Traded } from './types'
import { headline, type Movement, movementTitle, question, quiet, tradingDay } from './words'

interface CardProps<Event> {
  event: Event
  unread: boolean
  onAsk: ((question: string) => void) | null
}

/** One event, as its kind is told. */
export function NotificationCard({ event, unread, onAsk }: CardProps<Notification>) {
  if (event.kind === 'alert') return <AlertCard event={event} unread={unread} onAsk={onAsk} />
  if (event.kind === 'discord_off') return <DiscordOffCard event={event} unread={unread} />
  return <CollectionCard event={event} unread={unread} onAsk={onAsk} />
}

/** What was collected, what entered and left, what active ETFs traded, and what did not come. */
function CollectionCard({ event, unread, onAsk }: CardProps<CollectionEvent>) {
  const { content } = event
  const { etfs = 0, holdings = 0, trades = 0, prices = 0, gaps = 0, missing = [] } = content
  const counts = [
    content.source === 'sample' && '예시 자료',
    etfs > 0 && `ETF ${number(etfs)}개`,
    holdings > 0 && `구성종목 ${number(holdings)}건`,
    prices > 0 && `시세 ${number(prices)}건`,
    trades > 0 && `매매 ${number(trades)}건`,
  ].filter(Boolean)
  const movements: [Movement, (Moved | Traded)[] | undefined, number | undefined][] = [
    ['new', content.new, content.new_total],
    ['out', content.out, content.out_total],
    ['bought', content.bought, undefined],
    ['sold', content.sold, undefined],
  ]
  const still = holdings > 0 && !movements.some(([, stocks]) => stocks?.length)
  return (
    <article className="notification" data-unread={unread || undefined}>
      <header>
        <h3>
          {headline(event)}
          {unread && <span className="for-screen-readers"> (읽지 않음)</span>}
        </h3>
        <time dateTime={event.created_at}>{day(event.created_at)}</time>
      </header>
      <p className="notification-counts">
        {counts.join(' · ')}
        {content.compared_with && <span> · {tradingDay(content.compared_with)}과 비교</span>}
      </p>
      {movements.map(([movement, stocks = [], total]) => (
        <Stocks
          key={movement} movement={movement} stocks={stocks} total={total ?? stocks.length} date={event.date}
          onAsk={onAsk}
        />
      ))}
      {still && <p className="notification-still">{quiet(content)}</p>}
      {gaps > 0 && <Gaps gaps={gaps} missing={missing} />}
    </article>
  )
}

interface StocksProps {
  movement: Movement
  stocks: (Moved | Traded)[]
  total: number
  date: string
  onAsk: ((question: string) => void) | null
}

function Stocks({ movement, stocks, total, date, onAsk }: StocksProps) {
  if (stocks.length === 0) return null
  const rest = total - stocks.length
  return (
    <section className="movement" data-movement={movement}>
      <h4>{movementTitle(movement)}</h4>
      <ul>
        {stocks.map(({ code, name, etfs }) => {
          const asked = question(movement, date, name)
          return (
            <li key={code}>
              <button type="button" className="stock" title={asked} disabled={!onAsk} onClick={() => onAsk?.(asked)}>
                {name}
                <span className="stock-count">
                  <span className="for-screen-readers">ETF </span>
                  {etfs}개
                </span>
              </button>
            </li>
          )
        })}
        {rest > 0 && <li className="stock-rest">외 {number(rest)}종목</li>}
      </ul>
    </section>
  )
}

function Gaps({ gaps, missing }: { gaps: number; missing: Missing[] }) {
  const rest = gaps - missing.length
  return (
    <details className="gaps">
      <summary>수집되지 않은 ETF {number(gaps)}개</summary>
      <ul>
        {missing.map(({ code, name, reason }) => (
          <li key={code}>
            {name} <span>{reason}</span>
          </li>
        ))}
        {rest > 0 && <li>외 {number(rest)}개</li>}
      </ul>
    </details>
  )
}
