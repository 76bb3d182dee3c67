import { EventSourceParserStream } from 'eventsource-parser/stream'

import type { ChatEvent, RunInput } from './protocol'

/** A question that got no answer; the message is for people. */
export class ChatFailure extends Error {
  override name = 'ChatFailure'
}

export const AWAY = '서버에 연결할 수 없습니다. 서버가 켜져 있는지 확인하고 다시 시도해 주세요.'
export const CUT = '답변이 도중에 끊겼습니다. 다시 시도해 주세요.'

/** The server pings every 15 s; a stream that is silent for this long is dead. */
const SILENCE_LIMIT_MS = 45_000

/**
 * Asks a question and yields the run's events until RUN_FINISHED or RUN_ERROR.
 * Throws ChatFailure when the server is away, refuses, or the stream is cut; throws the signal's reason when aborted.
 */
export async function* ask(input: RunInput, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const silence = new AbortController()
  const response = await fetch('/api/chat', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ state: {}, tools: [], context: [], forwardedProps: {}, ...input }),
    signal: AbortSignal.any([signal, silence.signal]),
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new ChatFailure(AWAY, { cause: error })
  })
  if (!response.ok || !response.body) throw new ChatFailure(await problem(response))

  let timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS)
  const heartbeat = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS)
      controller.enqueue(chunk)
    },
  })
  const events = response.body
    .pipeThrough(heartbeat)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (;;) {
      const { done, value } = await events.read()
      if (done) throw new ChatFailure(CUT)
      const event = JSON.parse(value.data) as ChatEvent
      yield event
      if (event.type === 'RUN_FINISHED' || event.type === 'RUN_ERROR') return
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof ChatFailure ? error : new ChatFailure(CUT, { cause: error })
  } finally {
    clearTimeout(timer)
    // The stream may have failed already; then there is nothing left to cancel.
    events.cancel().catch(() => undefined)
  }
}

async function problem(response: Response): Promise<string> {
  const type = response.headers.get('Content-Type') ?? ''
  if (type.includes('json')) {
    const body = (await response.json().catch(() => null)) as { detail?: unknown } | null
    if (typeof body?.detail === 'string' && body.detail) return body.detail
  }
  return `서버가 요청을 처리하지 못했습니다. (${response.status})`
}
