import { afterEach, describe, expect, it, vi } from 'vitest'

import { afterEvent, ended, keep, kept, messages, newTurn, type Turn } from './conversation'
import type { Answer, ChatEvent } from './protocol'
import { ask, AWAY, ChatFailure, CUT } from './stream'

const ANSWER: Answer = {
  answer: '**답**', status: 'answered', tables: [], cypher: [], as_of: '2026-07-08', model: 'offline', elapsed_ms: 1,
  dataset: 'sample', suggestions: [], example: null,
}

function answered(question: string): Turn {
  return afterEvent(newTurn(question, 0), { type: 'CUSTOM', name: 'answer', value: ANSWER }, 1)
}

/** A server that sends these bytes, in these pieces, and then does `end`. */
function serve(pieces: (string | Uint8Array)[], end: 'close' | 'break' | 'hang' = 'close', status = 200, type = 'text/event-stream') {
  const encoder = new TextEncoder()
  vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
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
}

async function collect(signal = new AbortController().signal): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  for await (const event of ask({ threadId: 't', runId: 'r', messages: [] }, signal)) events.push(event)
  return events
}

afterEach(() => vi.unstubAllGlobals())

describe('reading the stream', () => {
  it('reads events whole however the bytes are cut', async () => {
    const text = 'id: 1\ndata: {"type":"TEXT_MESSAGE_CONTENT","delta":"삼성전자"}\n\n: ping\n\ndata: {"type":"RUN_FINISHED"}\n\n'
    const bytes = new TextEncoder().encode(text)
    serve(Array.from(bytes, (byte) => Uint8Array.of(byte)))
    expect(await collect()).toEqual([{ type: 'TEXT_MESSAGE_CONTENT', delta: '삼성전자' }, { type: 'RUN_FINISHED' }])
  })

  it('takes a stream without an end for cut', async () => {
    serve(['data: {"type":"RUN_STARTED"}\n\n'])
    await expect(collect()).rejects.toThrow(CUT)
  })

  it('takes a broken connection for cut', async () => {
    serve(['data: {"type":"RUN_STARTED"}\n\n'], 'break')
    await expect(collect()).rejects.toThrow(CUT)
  })

  it('stops at RUN_ERROR', async () => {
    serve(['data: {"type":"RUN_ERROR","message":"안 됨"}\n\n'], 'hang')
    expect(await collect()).toEqual([{ type: 'RUN_ERROR', message: '안 됨' }])
  })

  it('says so when the server is away', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed to fetch')))
    await expect(collect()).rejects.toThrow(AWAY)
  })

  it("tells a refusal in the server's words", async () => {
    serve(['{"detail":"질문이 너무 깁니다."}'], 'close', 422, 'application/problem+json')
    await expect(collect()).rejects.toThrow('질문이 너무 깁니다.')
  })

  it('tells a refusal without words by its number', async () => {
    serve(['<html>'], 'close', 502, 'text/html')
    await expect(collect()).rejects.toThrow('502')
  })

  it('is no failure when it is stopped', async () => {
    serve(['data: {"type":"RUN_STARTED"}\n\n'], 'hang')
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 5)
    const error: unknown = await collect(controller.signal).catch((reason: unknown) => reason)
    expect(error).not.toBeInstanceOf(ChatFailure)
    expect(controller.signal.aborted).toBe(true)
  })
})

describe('a turn', () => {
  it('grows by the events of its run', () => {
    const events: ChatEvent[] = [
      { type: 'RUN_STARTED' },
      { type: 'STEP_STARTED', stepName: '찾는 중', metadata: { id: 's', text: '찾는 중' } },
      { type: 'STEP_FINISHED', stepName: '찾는 중', metadata: { id: 's', text: '찾음' } },
      { type: 'TEXT_MESSAGE_CONTENT', delta: '답' },
      { type: 'CUSTOM', name: 'answer', value: ANSWER },
      { type: 'RUN_FINISHED' },
    ]
    const turn = events.reduce((seen, event, at) => afterEvent(seen, event, at * 100), newTurn('질문', 0))
    expect(turn).toMatchObject({ phase: 'finished', text: '**답**', answer: ANSWER })
    expect(turn.steps).toEqual([{ id: 's', label: '찾는 중', outcome: '찾음', startedAt: 100, finishedAt: 200 }])
  })

  it('closes its open steps when it ends early', () => {
    const started = afterEvent(newTurn('질문', 0), { type: 'STEP_STARTED', stepName: '찾는 중' }, 5)
    expect(ended(started, 'stopped', 9).steps[0]?.finishedAt).toBe(9)
  })

  it('is told to the server with the answers before it, and without failed ones', () => {
    const failed = ended(newTurn('실패한 질문', 0), 'failed', 1)
    expect(messages([answered('앞'), failed], newTurn('뒤', 2)).map(({ role, content }) => [role, content])).toEqual([
      ['user', '앞'],
      ['assistant', '**답**'],
      ['user', '뒤'],
    ])
  })
})

describe('keeping a conversation', () => {
  function storage(limit: number): Storage {
    const values = new Map<string, string>()
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => {
        if (value.length > limit) throw new DOMException('full', 'QuotaExceededError')
        values.set(key, value)
      },
      removeItem: (key) => values.delete(key), clear: () => values.clear(), key: () => null, length: 0,
    }
  }

  it('gives back what was kept, with a running turn stopped', () => {
    const place = storage(1e6)
    keep({ threadId: 't', turns: [answered('하나'), newTurn('둘', 5)] }, place)
    const found = kept(9, () => place)
    expect(found.turns.map(({ question }) => question)).toEqual(['하나', '둘'])
    expect(found.turns[1]?.phase).toBe('stopped')
  })

  it('lets the oldest turns go when there is no room', () => {
    const place = storage(500)
    keep({ threadId: 't', turns: [answered('하나'), answered('둘')] }, place)
    expect(kept(9, () => place).turns.map(({ question }) => question)).toEqual(['둘'])
  })

  it('starts empty when what was kept cannot be read', () => {
    vi.spyOn(console, 'warn').mockReturnValue()
    const place = storage(1e6)
    place.setItem('etf-atlas.conversation', '{')
    expect(kept(9, () => place).turns).toEqual([])
  })
})
