import { expect, it } from 'vitest'

import { pieces } from './slots'

it('marks the places of a verified question', () => {
  expect(pieces('{etf}와 {etf2}는 얼마나 겹쳐?')).toEqual([
    { text: 'ETF', place: true },
    { text: '와 ', place: false },
    { text: 'ETF 2', place: true },
    { text: '는 얼마나 겹쳐?', place: false },
  ])
})

it('leaves braces that mean nothing alone', () => {
  expect(pieces('{x} {}')).toEqual([
    { text: '{x}', place: false },
    { text: ' {}', place: false },
  ])
})
