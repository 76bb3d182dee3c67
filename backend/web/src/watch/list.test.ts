import { expect, test } from 'vitest'

import { hasChanged, matching, ordered } from './list'
import type { WatchedEtf, WatchFacts, WatchNews } from './types'

const QUIET: WatchNews = {
  since: '2026-07-07', until: '2026-07-08', new: 0, out: 0, more: 0, less: 0, weight: 0, trades: [], drift: [], gap: [],
  premium: null, fee: null, name: null,
}
const row = (size_pp: number) => ({ code: 'A', name: 'A', action: 'more' as const, weight_before: 1, weight_after: 2, size_pp })
const drift = (change_pp: number) => ({ code: 'A', name: 'A', weight_before: 1, weight_after: 2, change_pp })

function etf(name: string, news: Partial<WatchNews> | null = {}, facts: Partial<WatchFacts> = {}): WatchedEtf {
  return {
    etf: { code: '069500', name }, kinds: ['new'], threshold_pp: 0.5, premium_pct: 1, discord: false, muted: false, added_at: '',
    facts: {
      company: '시험자산운용', close: 1, price_date: null, change_pct: null, previous_date: null, nav: null, premium_pct: null,
      aum_krw: null, fee_pct: null, holdings_date: null, closes: [], ...facts,
    },
    news: news && { ...QUIET, ...news },
  }
}
const names = (items: WatchedEtf[]) => items.map((item) => item.etf.name)

test('trades come first, the largest before others, then what was announced, then drift', () => {
  const items = [
    etf('조용'), etf('사라짐', null), etf('출렁', { weight: 1, drift: [drift(9)] }), etf('보수', { fee: { before: 0.2, after: 0.1 } }),
    etf('작은 매매', { more: 1, trades: [row(0.6)] }), etf('큰 매매', { more: 1, trades: [row(2)] }),
  ]
  expect(names(ordered(items, 'changed'))).toEqual(['큰 매매', '작은 매매', '보수', '출렁', '사라짐', '조용'])
  expect(items.map(({ news }) => hasChanged(news))).toEqual([false, false, true, true, true, true])
})

test('unknown figures come last, and a discount counts as much as a premium', () => {
  const items = [
    etf('모름'), etf('할인', {}, { premium_pct: -3, fee_pct: 0.5, change_pct: -1 }), etf('할증', {}, { premium_pct: 2, fee_pct: 0.1, change_pct: 1 }),
  ]
  expect(names(ordered(items, 'premium'))).toEqual(['할인', '할증', '모름'])
  expect(names(ordered(items, 'fee'))).toEqual(['할증', '할인', '모름'])
  expect(names(ordered(items, 'change'))).toEqual(['할증', '할인', '모름'])
  expect(names(ordered(items, 'name'))).toEqual(['모름', '할인', '할증'])
})

test('a filter does not mind spaces and capitals', () => {
  const items = [etf('KODEX 코스닥 150'), etf('TIGER 200')]
  expect(names(matching(items, 'kodex코스닥'))).toEqual(['KODEX 코스닥 150'])
  expect(matching(items, '시험 자산')).toHaveLength(2)
  expect(matching(items, ' ')).toHaveLength(2)
  expect(matching(items, '없음')).toHaveLength(0)
})
