// The stream of events from the server, across connections that break, computers that sleep and servers that restart.

import { EventSourceParserStream } from 'eventsource-parser/stream'

import type { Notification, ReadMark } from './types'

/** The server pings every 15 s; a stream that is silent for this long is dead. */
const SILENCE_LIMIT_MS = 45_000
/** After a sleep the clock has jumped: a stream that was silent for this long is not trusted. */
const SUSPECT_MS = 20_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

export interface Follower {
  /** The newest event that is known; the server tells what came after it. */
  after: () => number
  onEvent: (event: Notification) => void
  /** Told what the person has read on another device. */
  onRead?: (mark: ReadMark) => void
  /** Told when the connection is there and when it is lost. */
  onLink?: (live: boolean) => void
}

/** Follows the events until the signal aborts. Never throws; connects again for as long as it takes. */
export async function follow(follower: Follower, signal: AbortSignal): Promise<void> {
  const wake = new WakeUp(signal)
  let failures = 0
  while (!signal.aborted) {
    try {
      await connection(follower, signal, wake, () => (failures = 0))
    } catch {
      // Whatever it was, the way on is the same: connect again.
    }
    if (signal.aborted) return
    follower.onLink?.(false)
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS)
    failures += 1
    await wake.orAfter(pause * (0.7 + 0.6 * Math.random()))
  }
}

async function connection(follower: Follower, signal: AbortSignal, wake: WakeUp, onLive: () => void): Promise<void> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  signal.addEventListener('abort', stop, { once: true })
  let heard = Date.now()
  const watch = setInterval(() => Date.now() - heard > SILENCE_LIMIT_MS && stop(), 5_000)
  const forget = wake.onWake(() => Date.now() - heard > SUSPECT_MS && stop())
  try {
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': String(follower.after()) }
    const response = await fetch('/api/notifications/stream', { headers, signal: controller.signal, cache: 'no-store' })
    if (!response.ok || !response.body) throw new Error(`the stream answered ${response.status}`)
    onLive()
    follower.onLink?.(true)
    const heed = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, output) {
        heard = Date.now()
        output.enqueue(chunk)
      },
    })
    const messages = response.body.pipeThrough(heed).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    const reader = messages.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const said = parsed(value.data)
      if (value.event === 'read') {
        if (isMark(said)) follower.onRead?.(said)
      } else if (!value.event && isNotification(said)) {
        follower.onEvent(said)
      }
    }
  } finally {
    clearInterval(watch)
    forget()
    signal.removeEventListener('abort', stop)
    stop()
  }
}

function parsed(data: string): object | null {
  try {
    const said: unknown = JSON.parse(data)
    return typeof said === 'object' ? said : null
  } catch {
    return null
  }
}

function isNotification(said: object | null): said is Notification {
  return said !== null && 'id' in said && Number.isSafeInteger(said.id)
}

function isMark(said: object | null): said is ReadMark {
  return said !== null && 'read_until' in said && 'unread' in said && Number.isSafeInteger(said.read_until) && Number.isSafeInteger(said.unread)
}

/** Tells when the computer, the network or the tab is back. */
class WakeUp {
  private readonly listeners = new Set<() => void>()

  constructor(private readonly signal: AbortSignal) {
    const tell = () => {
      if (document.visibilityState === 'visible') for (const listener of [...this.listeners]) listener()
    }
    window.addEventListener('online', tell, { signal })
    window.addEventListener('pageshow', tell, { signal })
    document.addEventListener('visibilitychange', tell, { signal })
  }

  onWake(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Waits, but no longer than until something is back. */
  orAfter(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        forget()
        this.signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, milliseconds)
      const forget = this.onWake(end)
      this.signal.addEventListener('abort', end)
    })
  }
}
