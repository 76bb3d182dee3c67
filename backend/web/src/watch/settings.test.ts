import { expect, test } from 'vitest'

import { premiumSentence, summary, thresholdSentence, typed } from './settings'
import { KINDS, type WatchSettings } from './types'

const settings: WatchSettings = { kinds: ['new', 'out'], threshold_pp: 0.5, premium_pct: 1, discord: false, muted: false }

test.each([
  ['0.5', 0.5], [' 1,25 ', 1.25], ['0', 0], ['100', 100], ['5.', 5],
  ['', null], ['-1', null], ['100.01', null], ['0.555', null], ['1e2', null], ['많이', null], ['1.2.3', null],
])('%s is read as %s', (text, value) => {
  expect(typed(text)).toBe(value)
})

test('a threshold is said with an example', () => {
  expect(thresholdSentence(0.5)).toBe('비중이 0.5%p 이상 바뀌면 알려 드립니다. 예: 3% → 3.5%')
  expect(thresholdSentence(1.25)).toContain('3% → 4.25%')
  expect(thresholdSentence(0)).toContain('조금이라도')
  expect(premiumSentence(2)).toContain('2% 이상')
})

test('settings are said in one line', () => {
  expect(summary(settings)).toBe('신규 편입·편출')
  expect(summary({ ...settings, kinds: [...KINDS] })).toBe('모든 변화 · 0.5%p 이상 · 괴리율 1%')
  expect(summary({ ...settings, kinds: KINDS.filter((kind) => kind !== 'premium'), discord: true })).toBe('괴리율 빼고 모두 · 0.5%p 이상 · 디스코드로도')
  expect(summary({ ...settings, kinds: [] })).toBe('알릴 것을 고르지 않음')
  expect(summary({ ...settings, muted: true })).toBe('알림 꺼짐')
})
