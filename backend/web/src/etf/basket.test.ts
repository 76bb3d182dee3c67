import { expect, test } from 'vitest'

import { basketTable, positions, tradeTable } from './basket'
import type { Holdings, Trade } from './types'

const basket = (date: string, weights: Record<string, number | null>): Holdings => ({
  date, number_of_holdings: 0, weight_sum_pct: 100, total: 0,
  holdings: Object.entries(weights).map(([code, weight_pct], index) => ({
    rank: index + 1, kind: 'stock', code, name: `이름 ${code}`, weight_pct, shares: 10,
  })),
})
const trade = (code: string, action: Trade['action'], change: number): Trade => ({
  code, name: code, action, shares_change_pct: null, weight_before_pct: 1, weight_after_pct: 2, weight_change_pp: change,
})

test('a price move changes the weight and is no trade', () => {
  const [moved, bought, entered] = positions(
    basket('2026-07-08', { A: 12.345, B: 5, C: 1.5 }), basket('2026-07-07', { A: 12, B: 4 }), [trade('B', 'more', 1), trade('C', 'new', 1.5)],
  )
  expect(moved).toMatchObject({ change_pp: 0.35, action: null })
  expect(bought).toMatchObject({ change_pp: 1, action: 'more' })
  expect(entered).toMatchObject({ change_pp: 1.5, action: 'new' })
})

test('an unknown weight has no change, and without an earlier basket nothing has', () => {
  const now = basket('2026-07-08', { A: null, B: 3 })
  expect(positions(now, basket('2026-07-07', { A: 1, B: null }), []).map(({ change_pp }) => change_pp)).toEqual([null, null])
  const alone = positions(now, null, [])
  expect(alone.map(({ change_pp }) => change_pp)).toEqual([null, null])
  expect(basketTable('', alone).columns).toEqual(['구성종목', '코드', '비중(%)', 'CU당 수량(주)'])
})

test('trades are listed by how far they moved the weight', () => {
  expect(tradeTable('', [trade('A', 'more', 0.1), trade('B', 'out', -2), trade('C', 'new', 1)]).rows.map(([name]) => name)).toEqual(['B', 'C', 'A'])
})
