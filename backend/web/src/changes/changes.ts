// What was bought, what was sold, and what only the prices moved: three things that are never told as one.

import { number } from '../table/format'
import type { Action, Change } from './types'

export const ACTION_NAMES: Record<Action, string> = { new: '신규 편입', more: '추가 매수', less: '일부 매도', out: '편출' }
export type Side = 'bought' | 'sold' | 'drift'
export const SIDE_NAMES: Record<Side, string> = { bought: '매수', sold: '매도', drift: '비중 변화' }
/** What the percentage points of a side measure. A weight that was traded also moves with the price, so it moves by another figure. */
export const MEASURES: Record<Side, { name: string; means: string }> = {
  bought: { name: '산 크기', means: '늘린 수량만큼의 비중입니다. 비중은 가격 때문에도 움직입니다.' },
  sold: { name: '판 크기', means: '줄인 수량만큼의 비중입니다. 비중은 가격 때문에도 움직입니다.' },
  drift: { name: '변화', means: '사고팔지 않았는데 움직인 비중입니다.' },
}

export interface ChangeGroup {
  side: Side
  rows: Change[]
}

export function sideOf({ action }: Pick<Change, 'action'>): Side {
  if (action === 'new' || action === 'more') return 'bought'
  return action === 'out' || action === 'less' ? 'sold' : 'drift'
}

/** The rows by side, the largest first and unknown ones last; sides without rows are left out. */
export function grouped(rows: Change[]): ChangeGroup[] {
  return (['bought', 'sold', 'drift'] as const)
    .map((side) => ({ side, rows: rows.filter((row) => sideOf(row) === side).toSorted((one, other) => size(other) - size(one)) }))
    .filter((group) => group.rows.length > 0)
}

/**
 * By how many percentage points: the size of a trade, which is what the manager did, or the change of a weight that only drifted.
 * Null where nobody knows. What was not held weighed nothing.
 */
export function moved(row: Change): number | null {
  const { action, weight_before, weight_after, size_pp, change_pp } = row
  if (!action && typeof change_pp === 'number') return change_pp
  if (action && typeof size_pp === 'number') return sideOf(row) === 'sold' ? -Math.abs(size_pp) : Math.abs(size_pp)
  const before = action === 'new' ? (weight_before ?? 0) : weight_before
  const after = action === 'out' ? (weight_after ?? 0) : weight_after
  return before === null || after === null ? null : after - before
}

function size(row: Change): number {
  return Math.abs(moved(row) ?? 0)
}

/** A signed number of percentage points: +0.85%p. */
export function points(value: number): string {
  return `${signed(value)}%p`
}

export function signed(value: number, decimals = 2): string {
  const text = number(Math.abs(value), decimals)
  const zero = Number(text.replaceAll(',', '')) === 0
  return `${zero ? '' : value > 0 ? '+' : '−'}${text}`
}

/** A weight as 3.20%; what is not held has none, what is unknown says so. */
export function weight(value: number | null, held: boolean): string {
  if (!held) return '없음'
  return value === null ? '모름' : `${number(value, 2)}%`
}
