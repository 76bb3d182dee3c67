import { expect, test } from 'vitest'

import { grouped, moved, points, weight } from './changes'
import type { Change } from './types'

const row = (code: string, action: Change['action'], weight_before: number | null, weight_after: number | null): Change => ({
  code, name: code, action: action ?? null, weight_before, weight_after,
})

test('what was bought and what was sold stand apart from what the prices moved', () => {
  const groups = grouped([row('A', 'less', 3, 2), row('B', null, 3, 4), row('C', 'new', null, 1), row('D', 'more', 1, 2), row('E', 'out', 1, null)])
  expect(groups.map(({ side, rows }) => [side, rows.map(({ code }) => code)])).toEqual([
    ['bought', ['C', 'D']], ['sold', ['A', 'E']], ['drift', ['B']],
  ])
})

test('what entered weighed nothing before, what is unknown moved by nobody knows how much', () => {
  expect(moved(row('A', 'new', null, 1.5))).toBe(1.5)
  expect(moved(row('A', 'out', 2, null))).toBe(-2)
  expect(moved(row('A', 'more', null, 1.5))).toBeNull()
  expect(moved({ ...row('A', null, 1, 3), change_pp: 2 })).toBe(2)
})

test('the size of a trade is what was traded, whatever the price did to the weight', () => {
  expect(moved({ ...row('A', 'less', 3, 3.4), size_pp: 0.6 })).toBe(-0.6)
  expect(moved({ ...row('A', 'more', 3, 2.9), size_pp: 0.2 })).toBe(0.2)
})

test('signs and weights are written out', () => {
  expect([0.851, -1.2, 0.001].map(points)).toEqual(['+0.85%p', '−1.20%p', '0.00%p'])
  expect([weight(3.2, true), weight(null, false), weight(null, true)]).toEqual(['3.20%', '없음', '모름'])
})
