import { Icon } from '../icons'
import { date, number } from '../table/format'
import { command, weekday } from './runs'

/** Trading days in a row that nobody collected, and how to collect them. */
export function AbsentRow({ first, last, days }: { first: string; last: string; days: number }) {
  return (
    <tr role="row" className="run" data-status="absent">
      <th scope="row" role="rowheader" className="run-date">
        <span>
          {date(first)} <span className="run-weekday">{weekday(first)}</span>
        </span>
        {days > 1 && <span className="run-source">– {date(last)}</span>}
      </th>
      <td role="cell" className="run-status">
        <span className="mark absent">
          <Icon name="clock" size={14} />
          미수집
        </span>
      </td>
      <td role="cell" className="run-reason" colSpan={7}>
        거래일 {number(days)}일을 수집하지 않았습니다. <code>{command(first, last)}</code>
      </td>
    </tr>
  )
}
