// What the tabs of one browser tell each other about their conversations.

import type { PendingRun } from './pending'
import type { Feedback } from './protocol'

export type TabMessage =
  /** A question was asked; `replaces` is the turn that it tries again. */
  | { kind: 'asked'; run: PendingRun; replaces: string | null }
  | { kind: 'ended'; threadId: string }
  | { kind: 'judged'; threadId: string; runId: string; feedback: Feedback | null }
  | { kind: 'removed'; threadId: string }

export interface Tabs {
  tell: (message: TabMessage) => void
  close: () => void
}

export function openTabs(onMessage: (message: TabMessage) => void): Tabs {
  const channel = new BroadcastChannel('etf-atlas')
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => onMessage(data)
  return { tell: (message) => channel.postMessage(message), close: () => channel.close() }
}
