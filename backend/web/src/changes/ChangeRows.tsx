import '../styles/changes.css'

import { ACTION_NAMES, type ChangeGroup, grouped, MEASURES, moved, points, SIDE_NAMES, weight } from './changes'
import type { Change } from './types'

interface ChangeRowsProps {
  rows: Change[]
  /** How many rows there are of each side, where these are only the first. */
  totals?: Partial<Record<ChangeGroup['side'], number>>
  /** The level of the groups' headings. */
  heading?: 'h3' | 'h4' | 'h5'
  /** What can be asked about a stock; its name asks it. An ETF's name leads to its page. */
  question?: (row: Change) => string
  /** Asks in the conversation; null while nothing can be asked. */
  onAsk?: ((question: string) => void) | null
}

/** What was bought, sold, and only moved with the prices, each row with its weight before and after. */
export function ChangeRows({ rows, totals = {}, heading: Heading = 'h4', question, onAsk }: ChangeRowsProps) {
  return (
    <div className="changes">
      {grouped(rows).map(({ side, rows: group }) => {
        const rest = (totals[side] ?? 0) - group.length
        return (
          <section className="change-group" data-side={side} key={side}>
            <div className="change-head">
              <Heading>{SIDE_NAMES[side]}</Heading>
              <span className="change-caption" title={MEASURES[side].means}>
                비중 · {MEASURES[side].name}
              </span>
            </div>
            <ul>
              {group.map((row) => (
                <ChangeRow key={row.code} row={row} asked={question?.(row)} onAsk={onAsk} />
              ))}
              {rest > 0 && <li className="change-rest">외 {rest}종목</li>}
            </ul>
          </section>
        )
      })}
    </div>
  )
}

interface ChangeRowProps {
  row: Change
  asked: string | undefined
  onAsk: ChangeRowsProps['onAsk']
}

function ChangeRow({ row, asked, onAsk }: ChangeRowProps) {
  const change = moved(row)
  return (
    <li className="change">
      <Name row={row} asked={asked} onAsk={onAsk} />
      {row.action && <span className="change-action">{ACTION_NAMES[row.action]}</span>}
      <span className="change-figures">
        <span className="change-weights">
          <span className="for-screen-readers">비중 </span>
          {weight(row.weight_before, row.action !== 'new')}
          <span aria-hidden="true"> → </span>
          <span className="for-screen-readers">에서 </span>
          {weight(row.weight_after, row.action !== 'out')}
        </span>
        {change !== null && <span className={`change-points ${change > 0 ? 'up' : change < 0 ? 'down' : ''}`}>{points(change)}</span>}
      </span>
    </li>
  )
}

function Name({ row, asked, onAsk }: ChangeRowProps) {
  if (row.label === 'ETF') {
    return (
      <a className="change-name" href={`/etf/${encodeURIComponent(row.code)}`}>
        {row.name}
      </a>
    )
  }
  if (asked === undefined || onAsk === undefined) return <span className="change-name">{row.name}</span>
  return (
    <button type="button" className="change-name change-ask" title={asked} disabled={!onAsk} onClick={() => onAsk?.(asked)}>
      {row.name}
    </button>
  )
}
