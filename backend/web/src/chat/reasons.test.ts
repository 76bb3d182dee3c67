import { expect, it } from 'vitest'

import { OTHER, parts, reason } from './reasons'

it('joins what was chosen and what was written', () => {
  expect(reason('답이 틀려요', ' 비중이 달라요 ')).toBe('답이 틀려요: 비중이 달라요')
  expect(reason('답이 틀려요', '')).toBe('답이 틀려요')
  expect(reason(OTHER, '표가 없어요')).toBe('표가 없어요')
  expect(reason(OTHER, '')).toBe(OTHER)
  expect(reason(null, ' ')).toBeNull()
})

it.each([null, '답이 틀려요', '너무 느려요: 10초', '기타', '표가 없어요'])('finds both again in %s', (stored) => {
  const { chosen, words } = parts(stored)
  expect(reason(chosen, words)).toBe(stored)
})
