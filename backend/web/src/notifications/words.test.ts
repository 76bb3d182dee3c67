import { expect, test } from 'vitest'

import { announcement, object, question, quiet, tradingDay } from './words'

const event = { id: 3, kind: 'collection', date: '2026-07-08', subject: '', content: {}, created_at: '2026-07-08T10:00:00Z' }

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
  expect(announcement(12, event)).toContain('12일치')
  expect(announcement(1, event)).not.toContain('일치')
})

test('a day that has none before it does not claim that nothing changed', () => {
  expect(quiet({ compared_with: '2026-07-07' })).toBe('새로 담기거나 빠진 종목이 없습니다.')
  expect(quiet({ compared_with: null })).toBe('비교할 앞선 날짜가 없습니다.')
})
