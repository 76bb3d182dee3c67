import { expect, test } from 'vitest'

import { dayChange } from './prices'

const price = (date: string, close_krw: number | null) => ({ date, close_krw, nav_krw: null, premium_pct: null })

test('a close is compared with the close before it, days without one left out', () => {
  expect(dayChange([price('2026-07-06', 100), price('2026-07-07', null), price('2026-07-08', 150)], '2026-07-08')).toEqual({ pct: 50, note: null })
})

test('a change over weeks says since when', () => {
  expect(dayChange([price('2026-04-24', 100), price('2026-07-10', 90)], '2026-07-10')).toMatchObject({ note: '2026. 4. 24. 대비' })
})

test('a first price has changed from nothing', () => {
  expect(dayChange([price('2026-07-10', 90)], '2026-07-10')).toBeNull()
  expect(dayChange([price('2026-07-10', 90)], null)).toBeNull()
})
