// How a price moved from one day to the next.

import { date } from '../table/format'
import type { PriceDay } from './types'

/** More days than the market is ever closed in a row: what is compared over more is no day's change. */
const MOST_CLOSED_DAYS = 10
const DAY_MS = 86_400_000

/** The change of the close on a day against the close before it, %; with the day it is compared with where that is long ago. */
export function dayChange(prices: PriceDay[], iso: string | null): { pct: number; note: string | null } | null {
  const priced = prices.filter(({ close_krw }) => close_krw !== null)
  const index = priced.findIndex((price) => price.date === iso)
  const [last, before] = [priced[index], priced[index - 1]]
  if (!last?.close_krw || !before?.close_krw) return null
  const far = (Date.parse(last.date) - Date.parse(before.date)) / DAY_MS > MOST_CLOSED_DAYS
  return { pct: (last.close_krw / before.close_krw - 1) * 100, note: far ? `${date(before.date)} 대비` : null }
}
