import { signed } from '../changes/changes'
import { Icon } from '../icons'
import { tradingDay } from '../notifications/words'
import { number, won } from '../table/format'
import { hasChanged } from './list'
import { NewsView } from './NewsView'
import { Sparkline } from './Sparkline'
import type { WatchedEtf } from './types'
import { WatchButton } from './WatchButton'

/** More days than the market is ever closed in a row. */
const MOST_CLOSED_DAYS = 10

interface WatchItemProps {
  item: WatchedEtf
  asOf: string | null
  /** It was taken off the list during this visit. */
  gone: boolean
  onEdit: () => void
}

/** One watched ETF: what it costs today, and what changed in it. */
export function WatchItem({ item, asOf, gone, onEdit }: WatchItemProps) {
  const { etf, facts, news } = item
  // A change over weeks without prices is no day's change, and says so.
  const far = daysBetween(facts.previous_date, facts.price_date) > MOST_CLOSED_DAYS
  const lags = facts.price_date !== null && facts.price_date !== asOf
  return (
    <li className="watch-item" id={`etf-${etf.code}`} data-changed={hasChanged(news) || undefined} data-gone={gone || undefined}>
      <div className="watch-head">
        <WatchButton code={etf.code} name={etf.name} compact />
        <div className="watch-title">
          <h3>
            <a href={`/etf/${encodeURIComponent(etf.code)}`}>{etf.name}</a>
          </h3>
          <p className="watch-sub">
            {[etf.code !== etf.name && etf.code, facts.company].filter(Boolean).join(' · ')}
            {item.muted && <span className="badge small plain">알림 꺼짐</span>}
            {gone && <span className="badge small plain">목록에서 뺌</span>}
          </p>
        </div>
        <Sparkline closes={far ? [] : facts.closes} />
        <p className="watch-price">
          {facts.close === null ? (
            <span className="unknown">시세 없음</span>
          ) : (
            <>
              <strong>{number(facts.close)}원</strong>
              <Change value={facts.change_pct} />
              {far && <span className="watch-lag">{tradingDay(facts.previous_date!)} 대비</span>}
              {lags && <span className="watch-lag">{tradingDay(facts.price_date!)} 종가</span>}
            </>
          )}
        </p>
        <dl className="watch-facts">
          <Fact term="괴리율" value={facts.premium_pct === null ? null : `${signed(facts.premium_pct)}%`} />
          <Fact term="총보수" value={facts.fee_pct === null ? null : `${number(facts.fee_pct, 3)}%`} />
          <Fact term="순자산" value={facts.aum_krw === null ? null : won(facts.aum_krw)} />
        </dl>
        <button
          type="button" className="button quiet square watch-edit" onClick={onEdit} disabled={gone} aria-haspopup="dialog"
          aria-label={`${etf.name} 알림 설정`} title="알림 설정"
        >
          <Icon name="settings" />
        </button>
      </div>
      <NewsView etf={etf} news={news} />
    </li>
  )
}

function daysBetween(from: string | null, until: string | null): number {
  return from && until ? (Date.parse(until) - Date.parse(from)) / 86_400_000 : 0
}

function Change({ value }: { value: number | null }) {
  if (value === null) return null
  const text = signed(value)
  return <span className={/[1-9]/.test(text) ? (value > 0 ? 'up' : 'down') : ''}>{text}%</span>
}

function Fact({ term, value }: { term: string; value: string | null }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value ?? <span className="unknown">모름</span>}</dd>
    </div>
  )
}
