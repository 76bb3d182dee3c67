import { expect, test } from 'vitest'

import { emailError, passwordError, strength } from './strength'

test('long and varied passwords are strong, repeated, common and own ones are not', () => {
  const level = (password: string, own: string[] = []) => strength(password, own).level
  expect(level('')).toBe(0)
  expect(level('aaaaaaaaaaaaaaaa')).toBe(1)
  expect(level('1234567890')).toBe(1)
  expect(level('password1234')).toBeLessThanOrEqual(1)
  expect(level('haneul.kim99', ['haneul.kim@example.com'])).toBeLessThanOrEqual(1)
  expect(level('correct horse battery')).toBe(4)
  expect(level('바다 위의 작은 등대 하나')).toBe(4)
})

test('what is too short for the server is never called good', () => {
  expect(strength('aZ3!kQ9').level).toBe(1)
  expect(passwordError('aZ3!kQ9')).toContain('지금은 7자')
  expect(passwordError('')).toContain('입력')
  expect(passwordError('x'.repeat(201))).toContain('200자까지')
  expect(passwordError('바다위의작은등대하나')).toBeNull()
})

test('an address is asked for in its form, and no more than that', () => {
  for (const right of ['a@b.kr', ' person+etf@mail.example.com ', '김@도메인.한국']) expect(emailError(right)).toBeNull()
  for (const wrong of ['', 'person', 'person@', 'person@host', 'a b@c.kr', '@c.kr']) expect(emailError(wrong)).not.toBeNull()
})
