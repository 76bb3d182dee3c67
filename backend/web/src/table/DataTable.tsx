import { type CSSProperties, useMemo, useState } from 'react'

import type { Cell, Table } from '../chat/protocol'
import { CopyButton } from '../CopyButton'
import { Icon } from '../icons'
import { WatchButton } from '../watch/WatchButton'
import { type Column, describeColumns, isNumber } from './column'
import { csv, fileName, tsv } from './export'
import { number, shown } from './format'
import { etfAt, etfLinks } from './links'
import { nextOrder, type Order, sorted } from './sort'

const ROWS_AT_FIRST = 10
/** A table that is only a little longer is shown whole. */
const ROWS_WITHOUT_FOLD = 13

interface DataTableProps {
  table: Table
  /** Where the first cell of a row leads; by default an ETF's name leads to its page. */
  links?: (row: Cell[]) => string | null
}

export function DataTable({ table, links }: DataTableProps) {
  const [order, setOrder] = useState<Order | null>(null)
  const [whole, setWhole] = useState(table.rows.length <= ROWS_WITHOUT_FOLD)
  const columns = useMemo(() => describeColumns(table), [table])
  const rows = useMemo(() => sorted(table.rows, order), [table, order])
  const etfs = useMemo(() => etfLinks(table), [table])
  const visible = whole ? rows : rows.slice(0, ROWS_AT_FIRST)

  return (
    <figure className="table-card">
      <figcaption className="table-head">
        <span className="table-title">{table.title}</span>
        <span className="table-count">
          {number(table.rows.length)}행{table.truncated && ' 이상'}
        </span>
        <span className="table-actions">
          <CopyButton text={() => tsv({ ...table, rows })} label="표 복사" />
          <button type="button" className="button small" onClick={() => save({ ...table, rows })} aria-label="CSV 내려받기">
            <Icon name="download" size={15} />
            <span>CSV</span>
          </button>
        </span>
      </figcaption>
      <div className="table-scroll" tabIndex={0} role="region" aria-label={table.title}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <ColumnHead key={column.index} column={column} order={order} onOrder={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {visible.map((row, index) => (
              <tr key={index}>
                {columns.map((column) => (
                  <TableCell
                    key={column.index} value={row[column.index]} column={column}
                    address={column.index === 0 && links ? links(row) : etfs(row, column.index)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {table.rows.length === 0 && <p className="table-empty">해당하는 행이 없습니다.</p>}
      </div>
      {!whole && (
        <button type="button" className="table-more" onClick={() => setWhole(true)}>
          전체 {number(table.rows.length)}행 보기
        </button>
      )}
      {table.truncated && <p className="table-note">너무 많아 일부만 가져왔습니다.</p>}
    </figure>
  )
}

function isNumeric(column: Column): boolean {
  return ['number', 'percent', 'change', 'won'].includes(column.kind)
}

interface ColumnHeadProps {
  column: Column
  order: Order | null
  onOrder: (order: Order | null) => void
}

function ColumnHead({ column, order, onOrder }: ColumnHeadProps) {
  const numeric = isNumeric(column)
  const direction = order?.column === column.index ? order.direction : null
  const icon = direction === null ? 'sortable' : direction === 'ascending' ? 'sortUp' : 'sortDown'
  return (
    <th scope="col" className={numeric ? 'numeric' : undefined} aria-sort={direction ?? 'none'}>
      <button type="button" className="sort" onClick={() => onOrder(nextOrder(order, column.index, numeric))}>
        <span>
          {column.label}
          {column.unit && <span className="unit"> {column.unit}</span>}
        </span>
        <Icon name={icon} size={14} />
      </button>
    </th>
  )
}

interface TableCellProps {
  value: Cell | undefined
  column: Column
  address: string | null
}

function TableCell({ value, column, address }: TableCellProps) {
  const cell = shown(value, column)
  if (!cell) {
    return (
      <td className={isNumeric(column) ? 'numeric missing' : 'missing'}>
        <span aria-hidden="true">–</span>
        <span className="for-screen-readers">없음</span>
      </td>
    )
  }
  const share = column.barMaximum !== null && isNumber(value) ? value / column.barMaximum : null
  const trend = column.kind === 'change' && isNumber(value) && value !== 0 ? (value > 0 ? ' up' : ' down') : ''
  return (
    <td className={`${isNumeric(column) ? 'numeric' : column.kind}${trend}${share === null ? '' : ' with-bar'}`} title={cell.exact}>
      {share !== null && <span className="bar" style={{ '--share': share } as CSSProperties} aria-hidden="true" />}
      {address ? (
        <Linked name={cell.text} address={address} />
      ) : (
        <span className="value">{cell.text}</span>
      )}
    </td>
  )
}

/** A name that leads to its page; an ETF's has its star. */
function Linked({ name, address }: { name: string; address: string }) {
  const etf = etfAt(address)
  const link = (
    <a className="value" href={address}>
      {name}
    </a>
  )
  if (!etf) return link
  return (
    <span className="starred">
      {link}
      <WatchButton code={etf} name={name} compact />
    </span>
  )
}

function save(table: Table): void {
  const address = URL.createObjectURL(new Blob([csv(table)], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = fileName(table.title)
  link.click()
  // Revoking at once would cancel the download in some browsers.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
