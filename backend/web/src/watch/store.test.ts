import { expect, test, vi } from 'vitest'

import { Problem } from '../http'
import { type Surroundings, WatchStore } from './store'
import type { Watch } from './types'

const KODEX = { code: '069500', name: 'KODEX 200' }
const ME = { id: 'me' }
const watch = (threshold_pp: number): Watch => ({
  etf: KODEX, kinds: ['new', 'out'], threshold_pp, premium_pct: 1, discord: false, muted: false, added_at: '',
})

/** A server with these codes, channels that hear each other, and what was asked. */
function surroundings(codes: string[] = [], ends: { onmessage: ((event: MessageEvent) => void) | null }[] = []) {
  const api = {
    getCodes: vi.fn(async () => codes),
    getWatch: vi.fn(async () => watch(0.7)),
    putWatch: vi.fn(async () => watch(0.5)),
    removeWatch: vi.fn(async () => undefined),
  }
  const channel = () => {
    const end = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => ends.filter((other) => other !== end).forEach((other) => other.onmessage?.({ data } as MessageEvent)),
      close: () => undefined,
    }
    ends.push(end)
    return end
  }
  return { api, channel, signIn: vi.fn(), signingIn: () => false, signedOut: vi.fn() } satisfies Surroundings
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

test('many stars ask for the list once', async () => {
  const around = surroundings(['069500'])
  const store = new WatchStore(around)
  store.belongTo(ME)
  for (let star = 0; star < 50; star += 1) store.subscribe(() => undefined)
  await settled()
  expect(around.api.getCodes).toHaveBeenCalledTimes(1)
  expect(store.has('069500')).toBe(true)
})

test('a star is lit at once, and goes out with the reason when the server refuses', async () => {
  const around = surroundings()
  around.api.putWatch.mockRejectedValue(new Problem('관심 목록이 가득 찼습니다.', 409))
  const store = new WatchStore(around)
  store.belongTo(ME)
  store.toggle(KODEX)
  expect(store.has(KODEX.code)).toBe(true)
  await settled()
  expect(store.has(KODEX.code)).toBe(false)
  expect(store.news()).toEqual({ kind: 'failed', etf: KODEX, detail: '관심 목록이 가득 찼습니다.' })
})

test('however fast one clicks, the last click is what the server ends with, one request at a time', async () => {
  const around = surroundings()
  const store = new WatchStore(around)
  store.belongTo(ME)
  store.toggle(KODEX)
  store.toggle(KODEX)
  store.toggle(KODEX)
  await settled()
  expect(store.has(KODEX.code)).toBe(true)
  expect(around.api.putWatch).toHaveBeenCalledTimes(1)
  expect(around.api.removeWatch).not.toHaveBeenCalled()
})

test('a watch that is taken back has its settings again', async () => {
  const around = surroundings(['069500'])
  const store = new WatchStore(around)
  store.belongTo(ME)
  store.subscribe(() => undefined)
  await settled()
  store.toggle(KODEX)
  await settled()
  expect(store.has(KODEX.code)).toBe(false)
  store.toggle(KODEX)
  await settled()
  expect(around.api.putWatch).toHaveBeenCalledWith('069500', expect.objectContaining({ threshold_pp: 0.7, kinds: ['new', 'out'] }))
})

test('another tab of the same person follows, another person does not', async () => {
  const ends: never[] = []
  const [here, there, stranger] = [1, 2, 3].map(() => new WatchStore(surroundings([], ends)))
  here!.belongTo(ME)
  there!.belongTo(ME)
  stranger!.belongTo({ id: 'somebody else' })
  here!.toggle(KODEX)
  await settled()
  expect(there!.has(KODEX.code)).toBe(true)
  expect(stranger!.has(KODEX.code)).toBe(false)
})

test('nothing of one person is left for the next', async () => {
  const store = new WatchStore(surroundings(['069500']))
  store.belongTo(ME)
  store.subscribe(() => undefined)
  await settled()
  store.belongTo('nobody')
  expect(store.has('069500')).toBe(false)
})

test('a click before the session is known waits for it', async () => {
  const around = surroundings()
  const store = new WatchStore(around)
  store.toggle(KODEX)
  expect(around.api.putWatch).not.toHaveBeenCalled()
  store.belongTo(ME)
  await settled()
  expect(around.api.putWatch).toHaveBeenCalledTimes(1)
})

test('a server that is away signs nobody out', async () => {
  const store = new WatchStore(surroundings(['069500']))
  store.belongTo(ME)
  store.subscribe(() => undefined)
  await settled()
  store.belongTo('away')
  expect(store.has('069500')).toBe(true)
})

test('a session that has ended begins the page anew', async () => {
  const around = surroundings()
  around.api.putWatch.mockRejectedValue(new Problem('로그인이 필요합니다.', 401))
  const store = new WatchStore(around)
  store.belongTo(ME)
  store.toggle(KODEX)
  await settled()
  expect(around.signedOut).toHaveBeenCalledTimes(1)
  expect(store.has(KODEX.code)).toBe(false)
})
