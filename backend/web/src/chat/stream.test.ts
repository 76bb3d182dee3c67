import { afterEach, describe, expect, it, vi } from 'vitest'

import { AWAY, Problem } from '../http'
import type { ChatEvent } from './protocol'
import { ask, CUT, type Link } from './stream'

const INPUT = { threadId: 't', runId: 'r', messages: [], forwardedProps: {} }

type Connection = { pieces: (string | Uint8Array)[]; end?: 'close' | 'break' | 'hang'; status?: number; type?: string } | 'away'

/** A server whose connections go as given, one after the other; the last goes on for ever. Returns what it was asked. */
function serve(...connections: Connection[]): { method: string; path: string; after: string | null }[] {
  const asked: { method: string; path: string; after: string | null }[] = []
  const encoder = new TextEncoder()
  vi.stubGlobal('fetch', async (path: string, { method, headers, signal }: RequestInit) => {
    asked.push({ method: method ?? 'GET', path, after: new Headers(headers).get('Last-Event-ID') })
    const connection = connections[Math.min(asked.length, connections.length) - 1]!
    if (connection === 'away') throw new TypeError('failed to fetch')
    const { pieces, end = 'close', status = 200, type = 'text/event-stream' } = connection
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece)
        if (end === 'close') controller.close()
        if (end === 'break') setTimeout(() => controller.error(new TypeError('network error')), 5)
        signal?.addEventListener('abort', () => controller.error(signal.reason))
      },
    })
    return new Response(body, { status, headers: { 'Content-Type': type } })
  })
  return asked
}

const links: Link[] = []

async function collect(signal = new AbortController().signal): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  links.length = 0
  const options = { signal, onLink: (link: Link) => void links.push(link), pausesMs: [0, 0, 0, 0] }
  for await (const event of ask(INPUT, options)) events.push(event)
  return events
}

function numbered(first: number, ...events: ChatEvent[]): string[] {
  return events.map((event, index) => `id: ${first + index}\ndata: ${JSON.stringify(event)}\n\n`)
}

const STARTED: ChatEvent = { type: 'RUN_STARTED' }
const ONE: ChatEvent = { type: 'TEXT_MESSAGE_CONTENT', delta: '하나' }
const TWO: ChatEvent = { type: 'TEXT_MESSAGE_CONTENT', delta: '둘' }
const FINISHED: ChatEvent = { type: 'RUN_FINISHED' }
const FORGOTTEN: Connection = { pieces: ['{"detail":"없음"}'], status: 404, type: 'application/problem+json' }

afterEach(() => vi.unstubAllGlobals())

describe('reading the stream', () => {
  it('reads events whole however the bytes are cut', async () => {
    const text = 'id: 1\ndata: {"type":"TEXT_MESSAGE_CONTENT","delta":"삼성전자"}\n\n: ping\n\ndata: {"type":"RUN_FINISHED"}\n\n'
    serve({ pieces: Array.from(new TextEncoder().encode(text), (byte) => Uint8Array.of(byte)) })
    expect(await collect()).toEqual([{ type: 'TEXT_MESSAGE_CONTENT', delta: '삼성전자' }, FINISHED])
    expect(links).toEqual([])
  })

  it('stops at RUN_ERROR', async () => {
    serve({ pieces: ['data: {"type":"RUN_ERROR","message":"안 됨"}\n\n'], end: 'hang' })
    expect(await collect()).toEqual([{ type: 'RUN_ERROR', message: '안 됨' }])
  })

  it("tells a refusal in the server's words", async () => {
    serve({ pieces: ['{"detail":"질문이 너무 깁니다."}'], status: 422, type: 'application/problem+json' })
    await expect(collect()).rejects.toThrow('질문이 너무 깁니다.')
  })

  it('tells a refusal without words by its number', async () => {
    serve({ pieces: ['<html>'], status: 502, type: 'text/html' })
    await expect(collect()).rejects.toThrow('502')
  })

  it('is no failure when it is stopped', async () => {
    serve({ pieces: numbered(1, STARTED), end: 'hang' })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5)
    const error: unknown = await collect(controller.signal).catch((reason: unknown) => reason)
    expect(error).not.toBeInstanceOf(Problem)
    expect(controller.signal.aborted).toBe(true)
  })
})

describe('a connection that breaks', () => {
  it.each(['break', 'close'] as const)('is taken up again after the last event (%s)', async (end) => {
    const asked = serve({ pieces: numbered(1, STARTED, ONE), end }, { pieces: numbered(3, TWO, FINISHED) })
    expect(await collect()).toEqual([STARTED, ONE, TWO, FINISHED])
    expect(asked).toEqual([
      { method: 'POST', path: '/api/chat', after: null },
      { method: 'GET', path: '/api/chat/r/events', after: '2' },
    ])
    expect(links).toEqual(['reconnecting', 'live'])
  })

  it('is tried again while the server is away or is being started', async () => {
    const starting: Connection = { pieces: [], status: 503 }
    serve({ pieces: numbered(1, STARTED, ONE), end: 'break' }, 'away', starting, { pieces: numbered(3, FINISHED) })
    expect(await collect()).toEqual([STARTED, ONE, FINISHED])
  })

  it('asks the same run again where the question got lost on its way', async () => {
    const asked = serve('away', { pieces: numbered(1, STARTED, FINISHED) })
    expect(await collect()).toEqual([STARTED, FINISHED])
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'POST'])
  })

  it('is given up when the server stays away', async () => {
    serve('away')
    await expect(collect()).rejects.toThrow(AWAY)
  })

  it('is given up when every connection ends without an end of the run', async () => {
    serve({ pieces: numbered(1, STARTED, ONE) }, { pieces: [] })
    await expect(collect()).rejects.toThrow(CUT)
  })

  it('asks once more where the server has forgotten the run, and not for ever', async () => {
    const cut: Connection = { pieces: numbered(1, STARTED, ONE) }
    serve(cut, FORGOTTEN, { pieces: numbered(1, STARTED, ONE, TWO, FINISHED) })
    expect(await collect()).toEqual([STARTED, ONE, STARTED, ONE, TWO, FINISHED])
    const asked = serve(cut, FORGOTTEN, cut, FORGOTTEN)
    await expect(collect()).rejects.toThrow(CUT)
    expect(asked).toHaveLength(4)
  })
})
