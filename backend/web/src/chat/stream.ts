// A run's events from the server, across connections that break.

import { EventSourceParserStream } from 'eventsource-parser/stream'

import { Problem, request } from '../http'
import type { ChatEvent, RunInput } from './protocol'

export const CUT = '답변이 도중에 끊겼습니다. 다시 시도해 주세요.'

/** The server pings every 15 s; a stream that is silent for this long is dead. */
const SILENCE_LIMIT_MS = 45_000

/** Pauses before the connection is tried again; the attempts end with them. */
const PAUSES_MS = [400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]
/** A server of which nothing has been seen is given up sooner. */
const PAUSES_AT_FIRST = 3

export type Link = 'live' | 'reconnecting'

export interface RunOptions {
  signal: AbortSignal
  /** Told when the connection is lost and when events come again. */
  onLink?: (link: Link) => void
  pausesMs?: number[]
}

/**
 * Asks a question, or the same question of the same run again, and yields the run's events until RUN_FINISHED or
 * RUN_ERROR. A connection that breaks is taken up again after the last event that arrived; RUN_STARTED in the middle says
 * that the run is told from its beginning. Throws Problem when the server is away, refuses, or forgot the run; throws the
 * signal's reason when aborted.
 */
export async function* ask(input: RunInput, options: RunOptions): AsyncGenerator<ChatEvent> {
  const { signal, onLink, pausesMs = PAUSES_MS } = options
  let last = 0
  let failures = 0
  let askedAnew = false
  for (;;) {
    let failure = new Problem(CUT, null)
    try {
      for await (const { id, event } of connection(input, last, signal)) {
        if (failures > 0) onLink?.('live')
        failures = 0
        last = id
        yield event
        if (event.type === 'RUN_FINISHED' || event.type === 'RUN_ERROR') return
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Problem) failure = error
      if (failure.status === 404 && last > 0) {
        // A server that was started again knows nothing of the run: it is asked once more, and tells it from its beginning.
        if (askedAnew) throw new Problem(CUT, null, { cause: error })
        askedAnew = true
        last = 0
        failures = 1
        continue
      }
      if (!passing(failure, failures)) throw failure
    }
    const pauses = last > 0 ? pausesMs : pausesMs.slice(0, PAUSES_AT_FIRST)
    const wait = pauses[failures]
    if (wait === undefined) throw failure
    failures += 1
    onLink?.('reconnecting')
    await pause(wait * (0.8 + 0.4 * Math.random()), signal)
  }
}

/** Whether a failure may pass by itself: a connection that breaks does, and a server's error while it is being started again. */
function passing(failure: Problem, failures: number): boolean {
  return failure.status === null || (failure.status >= 500 && failures > 0)
}

function connect(input: RunInput, after: number, signal: AbortSignal): Promise<Response> {
  const headers = { Accept: 'text/event-stream' }
  if (after === 0) {
    const body = { state: {}, tools: [], context: [], ...input }
    return request('/api/chat', { method: 'POST', body, headers, signal })
  }
  const path = `/api/chat/${encodeURIComponent(input.runId)}/events`
  return request(path, { headers: { ...headers, 'Last-Event-ID': String(after) }, signal })
}

interface Numbered {
  id: number
  event: ChatEvent
}

/** The events after the given one, from one connection until it ends; throws when it breaks. */
async function* connection(input: RunInput, after: number, signal: AbortSignal): AsyncGenerator<Numbered> {
  const silence = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS)
  }
  heard()
  try {
    const response = await connect(input, after, AbortSignal.any([signal, silence.signal]))
    if (response.body) yield* numbered(response.body, after, heard)
  } finally {
    clearTimeout(timer)
  }
}

async function* numbered(body: ReadableStream<Uint8Array>, after: number, heard: () => void): AsyncGenerator<Numbered> {
  const heartbeat = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      heard()
      controller.enqueue(chunk)
    },
  })
  const events = body
    .pipeThrough(heartbeat)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  let id = after
  try {
    for (;;) {
      const { done, value } = await events.read()
      if (done) return
      id = Number(value.id) || id + 1
      yield { id, event: JSON.parse(value.data) as ChatEvent }
    }
  } finally {
    // The stream may have failed already; then there is nothing left to cancel.
    events.cancel().catch(() => undefined)
  }
}

/** Waits, but not longer than until the network is back. Throws the signal's reason when aborted. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer)
      globalThis.removeEventListener?.('online', done)
      signal.removeEventListener('abort', done)
      if (signal.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(done, milliseconds)
    globalThis.addEventListener?.('online', done)
    signal.addEventListener('abort', done)
  })
}
