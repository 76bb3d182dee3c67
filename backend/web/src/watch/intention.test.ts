import { expect, test } from 'vitest'

import { intend, takeIntention } from './intention'

function storage(): () => Storage {
  const kept = new Map<string, string>()
  const fake = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
  return () => fake as unknown as Storage
}
const KODEX = { code: '069500', name: 'KODEX 200' }

test('what was intended is done once', () => {
  const place = storage()
  intend(KODEX, 0, place)
  expect(takeIntention(60_000, place)).toEqual(KODEX)
  expect(takeIntention(60_000, place)).toBeNull()
})

test('what was given up is not done later', () => {
  const place = storage()
  intend(KODEX, 0, place)
  expect(takeIntention(31 * 60_000, place)).toBeNull()
})

test('whatever else lies there is no ETF', () => {
  for (const lying of ['', 'null', '{"code":"../me","name":"","at":0}', '{"code":5}', '[1', '{"code":"069500"}']) {
    const place = storage()
    place().setItem('etf-atlas.watch', lying)
    expect(takeIntention(1, place)).toBeNull()
  }
})
