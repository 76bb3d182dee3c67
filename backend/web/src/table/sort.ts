import type { Cell } from '../chat/protocol'
import { isNumber } from './column'

export interface Order {
  column: number
  direction: 'ascending' | 'descending'
}

const collator = new Intl.Collator('ko', { numeric: true })

/** The rows in an order; missing values come last either way, equal rows keep their place. */
export function sorted(rows: Cell[][], order: Order | null): Cell[][] {
  if (!order) return rows
  const sign = order.direction === 'ascending' ? 1 : -1
  return rows.toSorted((left, right) => {
    const [a, b] = [left[order.column] ?? null, right[order.column] ?? null]
    if (a === null || b === null) return Number(a === null) - Number(b === null)
    return sign * (isNumber(a) && isNumber(b) ? a - b : collator.compare(text(a), text(b)))
  })
}

/** The order after a click on a column's head: numbers start with the largest, a third click gives the original order. */
export function nextOrder(order: Order | null, column: number, numeric: boolean): Order | null {
  const first = numeric ? 'descending' : 'ascending'
  if (order?.column !== column) return { column, direction: first }
  if (order.direction !== first) return null
  return { column, direction: first === 'ascending' ? 'descending' : 'ascending' }
}

function text(value: Cell): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
