import { type ReactNode, useId, useState } from 'react'

import { type ChangeGroup, grouped, moved, points, SIDE_NAMES } from '../changes/changes'
import { ChangeRows } from '../changes/ChangeRows'
import type { Change } from '../changes/types'
import { Icon } from '../icons'
import { tradingDay } from '../notifications/words'
import { number } from '../table/format'
import { hasChanged } from './list'
import type { Named, WatchNews } from './types'

/** Constituents that are named in the line of a side; the others are counted. */
const NAMED = 3

/** What changed in one ETF since the last visit: a line for each side, and all rows on demand. */
export function NewsView({ etf, news }: { etf: Named; news: WatchNews | null }) {
  const [open, setOpen] = useState(false)
  const rows = useId()
  if (!news) return <p className="watch-still">지금 시장 자료에 없는 ETF입니다.</p>
  if (!hasChanged(news)) return <p className="watch-still">{still(news)}</p>
  const totals: Record<ChangeGroup['side'], number> = {
    bought: news.new + news.more, sold: news.out + news.less, drift: news.weight,
  }
  const changes = [...news.trades, ...news.drift]
  return (
    <div className="watch-news">
      <ul className="watch-lines">
        {grouped(changes).map(({ side, rows: group }) => (
          <Line key={side} side={side} label={`${SIDE_NAMES[side]} ${number(Math.max(totals[side], group.length))}`}>
            {group.slice(0, NAMED).map(inBrief).join(', ')}
            {totals[side] > NAMED && ` 외 ${number(totals[side] - Math.min(NAMED, group.length))}종목`}
          </Line>
        ))}
        {news.premium && (
          <Line side="told" label="괴리율">
            {news.premium.before !== null && `${number(news.premium.before, 2)}% → `}
            {number(news.premium.after, 2)}% (기준 {number(news.premium.limit, 2)}%)
          </Line>
        )}
        {news.fee && (
          <Line side="told" label="보수 변경">
            연 {number(news.fee.before, 3)}% → {number(news.fee.after, 3)}%
          </Line>
        )}
        {news.name && (
          <Line side="told" label="이름 변경">
            {news.name.before} → {news.name.after}
          </Line>
        )}
      </ul>
      <p className="watch-when">
        {period(news)}
        {changes.length > 0 && (
          <button
            type="button" className="watch-more" aria-expanded={open} aria-controls={rows} aria-label={`${etf.name} 변화 ${open ? '접기' : '자세히'}`}
            onClick={() => setOpen(!open)}
          >
            {open ? '접기' : '자세히'}
            <Icon name={open ? 'sortUp' : 'sortDown'} size={15} />
          </button>
        )}
      </p>
      <div id={rows} hidden={!open}>
        {open && <ChangeRows rows={changes} totals={totals} />}
        {open && (
          <a className="watch-all" href={`/etf/${encodeURIComponent(etf.code)}`}>
            구성종목과 매매 모두 보기
          </a>
        )}
      </div>
    </div>
  )
}

interface LineProps {
  side: ChangeGroup['side'] | 'told'
  label: string
  children: ReactNode
}

function Line({ side, label, children }: LineProps) {
  return (
    <li data-side={side}>
      <span className="watch-tag">{label}</span>
      <span className="watch-names">{children}</span>
    </li>
  )
}

function inBrief(row: Change): string {
  const change = moved(row)
  const word = row.action === 'new' ? '신규' : row.action === 'out' ? '편출' : ''
  // A figure stays on the line of its name.
  return [row.name, word, change !== null && points(change)].filter(Boolean).join('\u00a0')
}

function still(news: WatchNews): string {
  const { since, until } = news
  if (!until) return '구성종목 자료가 없습니다.'
  if (!since) return `비교할 앞선 구성종목이 없습니다. (${tradingDay(until)})`
  const said = since === until ? `${tradingDay(until)} 뒤로 새 구성종목 자료 없음` : `바뀐 것 없음 · ${tradingDay(since)} → ${tradingDay(until)}`
  return said + (since === until ? '' : missing(news))
}

function period(news: WatchNews): string {
  const { since, until } = news
  return `${since && until ? `${tradingDay(since)} → ${tradingDay(until)}` : until ? `${tradingDay(until)} 기준` : ''}${missing(news)}`
}

/** The trading days without a basket: those since the last basket by their first, those between by name while they are few. */
function missing({ gap, until }: WatchNews): string {
  const since = gap.filter((day) => until !== null && day > until)
  const between = gap.filter((day) => !since.includes(day))
  const named = between.length <= NAMED ? between.map((day) => tradingDay(day)).join(', ') : `${tradingDay(between[0]!)}부터 ${number(between.length)}거래일`
  return [
    between.length > 0 && ` · 빠진 날: ${named}`,
    since.length > 0 && ` · ${tradingDay(since[0]!)}부터 구성종목 자료 없음(${number(since.length)}거래일)`,
  ]
    .filter(Boolean)
    .join('')
}
