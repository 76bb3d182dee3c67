import { expect, test } from 'vitest'

import type { AlertEvent, CollectionEvent } from './types'
import { alertQuestion, announcement, gapWords, headline, object, question, quiet, rate, tradingDay } from './words'

const event: CollectionEvent = { id: 3, kind: 'collection', date: '2026-07-08', subject: '', content: {}, created_at: '2026-07-08T10:00:00Z' }
const row = { code: '005930', name: '삼성전자', action: 'more' as const, weight_before: 20, weight_after: 21, size_pp: 0.8 }
const alert = (content: Partial<AlertEvent['content']> = {}): AlertEvent => ({
  ...event, id: 4, kind: 'alert', subject: '091160', content: { etf: { code: '091160', name: 'KODEX 반도체' }, ...content },
})

test('a day of another year is said with its year', () => {
  const now = new Date(2026, 6, 9)
  expect(tradingDay('2026-07-08', now)).toBe('7월 8일')
  expect(tradingDay('2025-12-30', now)).toBe('2025년 12월 30일')
})

test('the particle follows the last sound of a name', () => {
  expect(['삼성전자', '셀트리온', 'NAVER', 'POSCO홀딩스', 'KT&G', 'SK텔레콤', 'Meta Platforms Inc'].map(object)).toEqual([
    '삼성전자를', '셀트리온을', 'NAVER를', 'POSCO홀딩스를', 'KT&G를', 'SK텔레콤을', 'Meta Platforms Inc를',
  ])
})

test('a stock leads to the question of which ETFs moved it', () => {
  expect(question('bought', '2026-07-08', '한미반도체')).toBe('2026년 7월 8일에 한미반도체를 산 액티브 ETF는?')
})

test('a bulk load is one announcement', () => {
  expect(announcement({ count: 12, own: 0, event })).toContain('12일치')
  expect(announcement({ count: 1, own: 0, event })).not.toContain('일치')
})

test('what is told to the person comes before what everybody is told', () => {
  const told = alert({ trades: [row], trades_total: 1 })
  expect(announcement({ count: 2, own: 1, event: told })).toBe('KODEX 반도체: 삼성전자 매수')
  expect(announcement({ count: 6, own: 5, event: told })).toBe('내 알림 5건 · KODEX 반도체: 삼성전자 매수')
})

test('an alert says what matters most, and how much more there is', () => {
  const drift = { ...row, action: null, size_pp: null, change_pp: -1.2 }
  const said = (content: Partial<AlertEvent['content']>) => headline(alert(content))
  expect(said({ trades: [row], trades_total: 3, drift: [drift], drift_total: 1 })).toBe('KODEX 반도체: 삼성전자 매수 외 3건')
  expect(said({ trades: [{ ...row, action: 'out' }], trades_total: 1 })).toBe('KODEX 반도체: 삼성전자 편출')
  expect(said({ drift: [drift], drift_total: 1, trades: [], trades_total: 0 })).toBe('KODEX 반도체: 삼성전자 비중 −1.20%p')
  expect(said({ premium: { before: null, after: 1.2, limit: 1 }, fee: { before: 0.15, after: 0.12 } })).toBe('KODEX 반도체: 괴리율 1.20% 외 1건')
  expect(said({ fee: { before: 0.15, after: 0.0099 } })).toBe('KODEX 반도체: 보수 0.15% → 0.0099%')
  expect(rate(1)).toBe('1.00%')
})

test('the days without a basket are named, however many there are', () => {
  const now = new Date(2026, 6, 9)
  expect(gapWords([], 0, now)).toBeNull()
  expect(gapWords(['2026-07-06'], 1, now)).toMatch(/^7월 6일의 /)
  expect(gapWords(['2026-07-01', '2026-07-02', '2026-07-03', '2026-07-06'], 12, now)).toMatch(/^7월 1일, 7월 2일, 7월 3일 외 9일의 /)
  expect(gapWords(['2026-07-06'], null, now)).toMatch(/^7월 6일의 /)
})

test('a stock of an alert leads to who else did so, or who holds most of it', () => {
  expect(alertQuestion('2026-07-08', row)).toBe('2026년 7월 8일에 삼성전자를 산 액티브 ETF는?')
  expect(alertQuestion('2026-07-08', { ...row, action: null })).toBe('삼성전자를 가장 많이 담은 ETF는?')
})

test('a day that has none before it does not claim that nothing changed', () => {
  expect(quiet({ compared_with: '2026-07-07' })).toBe('새로 담기거나 빠진 종목이 없습니다.')
  expect(quiet({ compared_with: null })).toBe('비교할 앞선 날짜가 없습니다.')
})
