import { expect, test } from 'vitest'

import { called } from './name'
import { waitWords } from './wait'
import { moment } from './words'

test('a pause is said in words', () => {
  expect([0.2, 45, 60, 125, 3600, 3780].map(waitWords)).toEqual(['1초', '45초', '1분', '2분 5초', '1시간', '1시간 3분'])
})

test('a person without a name is called by their address', () => {
  expect(called({ name: ' 김하늘 ', email: 'sky@example.com' })).toBe('김하늘')
  expect(called({ name: '', email: 'sky@example.com' })).toBe('sky')
})

test('moments are those of Korea', () => {
  expect(moment('2026-07-08T15:30:00Z')).toBe('2026년 7월 9일 00:30')
})
