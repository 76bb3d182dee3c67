import { expect, test } from 'vitest'

import { accountName, actionName, actorName, detailWords, moment } from './people'

test('an account is called by its name, or by its address', () => {
  expect(accountName({ name: ' 홍길동 ', email: 'a@example.com' })).toBe('홍길동')
  expect(accountName({ name: '  ', email: 'a@example.com' })).toBe('a@example.com')
})

test('what was done is said in Korean, and what the page does not know as it is', () => {
  expect(actionName('user.disable')).toBe('사용 중지')
  expect(actionName('something.new')).toBe('something.new')
  expect(actorName('installation token')).toBe('관리자 토큰')
  expect(actorName('boss@example.com')).toBe('boss@example.com')
})

test('what changed is said in a line', () => {
  expect(detailWords({ was: 'user', is: 'admin' })).toBe('사용자 → 관리자')
  expect(detailWords({ was: 'verified' })).toBe('이전 검증됨')
  expect(detailWords({ role: 'admin' })).toBe('권한 관리자')
  expect(detailWords({ turn: 1234 })).toBe('대화 1,234')
  expect(detailWords({ turn: null })).toBe('')
  expect(detailWords({})).toBe('')
})

test('a moment is told to the second', () => {
  expect(moment('2026-07-08T13:05:09')).toBe('2026. 7. 8. 13:05:09')
})
