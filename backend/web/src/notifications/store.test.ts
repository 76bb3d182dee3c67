import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { NOBODY, NotificationStore } from './store'
import type { Notification, NotificationPage } from './types'

const event = (id: number, kind: 'collection' | 'alert' = 'collection'): Notification =>
  ({ id, kind, date: '2026-07-08', subject: '', content: { etf: { code: '069500', name: 'KODEX 200' } }, created_at: `2026-07-08T10:00:0${id % 10}Z` }) as Notification
const page = (items: Notification[], more: Partial<NotificationPage> = {}): NotificationPage => ({
  items, unread: items.length, read_until: 0, newest: items[0]?.id ?? 0, next_before: null, ...more,
})

/** The server's answers that are waited for, oldest first, with what was asked. */
let asked: { path: string; answer: (body: unknown) => void }[]
/** What the stream of this tab says; each entry is one stream. */
let streams: { controller: ReadableStreamDefaultController<Uint8Array>; say: (text: string) => void }[]

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve))
}

beforeEach(() => {
  asked = []
  streams = []
  const place = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  vi.stubGlobal('document', place)
  vi.stubGlobal('window', place)
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('fetch', (path: string, { signal }: RequestInit = {}) => {
    if (!path.includes('/stream')) return new Promise((answer) => asked.push({ path, answer: (body) => answer(Response.json(body)) }))
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        streams.push({ controller, say: (text) => controller.enqueue(new TextEncoder().encode(text)) })
        signal?.addEventListener('abort', () => controller.error(new Error('aborted')))
      },
    })
    return Promise.resolve(new Response(body))
  })
})
afterEach(() => vi.unstubAllGlobals())

test('what the server tells one reader late is not shown to the next', async () => {
  const store = new NotificationStore()
  const stop = store.start('person-one')
  stop()
  const end = store.start(NOBODY)
  asked[0]?.answer(page([event(2, 'alert')]))
  asked[1]?.answer(page([event(1)]))
  await settled()
  expect(store.snapshot()).toMatchObject({ personal: false, newest: 1, unread: 1 })
  expect(store.snapshot().items.map(({ kind }) => kind)).toEqual(['collection'])
  end()
  expect(store.snapshot().items).toEqual([])
})

test('what was read on another device is read here', async () => {
  const store = new NotificationStore()
  const end = store.start('person-two')
  asked[0]?.answer(page([event(3, 'alert'), event(2)]))
  await settled()
  streams[0]?.say('event: read\ndata: {"read_until": 2, "unread": 1}\n\n')
  await settled()
  expect(store.snapshot()).toMatchObject({ readUntil: 2, unread: 1 })
  streams[0]?.say('event: read\ndata: {"read_until": 3, "unread": 0}\n\nevent: read\ndata: {"read_until": 1, "unread": 9}\n\n')
  await settled()
  expect(store.snapshot()).toMatchObject({ readUntil: 3, unread: 0 })
  end()
})

test("a person's own event is announced rather than everybody's, whichever comes first", async () => {
  const store = new NotificationStore()
  const end = store.start('person-three')
  asked[0]?.answer(page([]))
  await settled()
  for (const told of [event(1), event(2, 'alert'), event(3)]) streams[0]?.say(`id: ${told.id}\ndata: ${JSON.stringify(told)}\n\n`)
  await settled()
  expect(store.snapshot().fresh).toMatchObject({ count: 3, own: 1, event: { id: 2 } })
  expect(store.snapshot()).toMatchObject({ unread: 3, newest: 3 })
  end()
})

test('one looks at one’s own alone, also while others come', async () => {
  const store = new NotificationStore()
  const end = store.start('person-four')
  asked[0]?.answer(page([event(2), event(1, 'alert')]))
  await settled()
  const shown = store.show('mine')
  expect(asked[1]?.path).toContain('mine=true')
  asked[1]?.answer(page([event(1, 'alert')], { newest: 2, unread: 2 }))
  await shown
  for (const told of [event(3), event(4, 'alert')]) streams[0]?.say(`data: ${JSON.stringify(told)}\n\n`)
  await settled()
  expect(store.snapshot().items.map(({ id }) => id)).toEqual([4, 1])
  expect(store.snapshot()).toMatchObject({ newest: 4, unread: 4 })
  end()
})

test('a stream that ends makes a person’s page ask who is signed in', async () => {
  const lost = vi.fn()
  for (const reader of ['person-five', NOBODY]) {
    const end = new NotificationStore(lost).start(reader)
    asked.at(-1)?.answer(page([]))
    await settled()
    streams.at(-1)?.controller.close()
    await settled()
    end()
  }
  expect(lost).toHaveBeenCalledTimes(1)
})
