import { expect, test } from 'vitest'

import type { Watchlist } from './types'
import { during, visitOf } from './visit'

function list(as_of: string, seen_date: string, bought: number): Watchlist {
  const news = { new: bought } as Watchlist['items'][number]['news']
  return { as_of, seen_at: null, seen_date, items: [{ etf: { code: '069500', name: 'KODEX 200' }, news } as Watchlist['items'][number]] }
}
const bought = (shown: Watchlist) => shown.items[0]?.news?.new

test('what was news when the visit began still is when the page is loaded again', () => {
  const visit = visitOf('me', list('2026-07-08', '2026-07-07', 3))
  const shown = during(visit, 'me', list('2026-07-08', '2026-07-08', 0))
  expect(bought(shown)).toBe(3)
  expect(shown.seen_date).toBe('2026-07-07')
})

test('newer data begin anew, and so does another person', () => {
  const visit = visitOf('me', list('2026-07-08', '2026-07-07', 3))
  expect(bought(during(visit, 'me', list('2026-07-09', '2026-07-08', 1)))).toBe(1)
  expect(bought(during(visit, 'somebody else', list('2026-07-08', '2026-07-08', 0)))).toBe(0)
})

test('an ETF that was added during the visit brings its own', () => {
  const visit = { ...visitOf('me', list('2026-07-08', '2026-07-07', 3)), news: {} }
  expect(bought(during(visit, 'me', list('2026-07-08', '2026-07-08', 5)))).toBe(5)
})
