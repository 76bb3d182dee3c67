// One tab listens for all: browsers allow only six connections to a server, and a stream takes one for as long as it lives.

import type { Notification } from './types'

export type TabMessage =
  | { kind: 'event'; event: Notification }
  | { kind: 'link'; live: boolean }
  | { kind: 'read'; until: number; unread?: number }
  /** A tab that has just been opened asks whether the stream is there. */
  | { kind: 'hello' }

const NAME = 'etf-atlas-notifications'

export interface Tabs {
  tell: (message: TabMessage) => void
  close: () => void
}

/** The tabs of one reader: what is told to one person never reaches a tab that is another's. */
export function openTabs(reader: string, onMessage: (message: TabMessage) => void): Tabs {
  const channel = new BroadcastChannel(`${NAME}:${reader}`)
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => onMessage(data)
  return { tell: (message) => channel.postMessage(message), close: () => channel.close() }
}

/**
 * Runs `listen` in one tab of a reader at a time; when that tab goes, another takes over. Without the Web Locks of a secure address each
 * tab listens for itself while it is looked at.
 */
export function listenInOneTab(reader: string, listen: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): void {
  if (navigator.locks) {
    navigator.locks.request(`${NAME}:${reader}`, { signal }, () => listen(signal)).catch(() => undefined)
    return
  }
  let watched: AbortController | null = null
  const look = () => {
    if (document.visibilityState === 'visible' && !watched && !signal.aborted) {
      watched = new AbortController()
      void listen(watched.signal)
    } else if (document.visibilityState !== 'visible') {
      end()
    }
  }
  const end = () => {
    watched?.abort()
    watched = null
  }
  document.addEventListener('visibilitychange', look, { signal })
  signal.addEventListener('abort', end)
  look()
}
