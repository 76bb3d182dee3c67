// The visitor's conversations at the server.

import { json, request } from '../http'
import type { Decision } from './proposal'
import type { ConversationSummary, Feedback, StoredTurn } from './protocol'

const path = (...parts: string[]) => `/api/${parts.map(encodeURIComponent).join('/')}`

export async function conversations(): Promise<ConversationSummary[]> {
  return (await json<{ conversations: ConversationSummary[] }>('/api/conversations')).conversations
}

export async function storedTurns(threadId: string): Promise<StoredTurn[]> {
  return (await json<{ turns: StoredTurn[] }>(path('conversations', threadId))).turns
}

export async function removeConversation(threadId: string): Promise<void> {
  await request(path('conversations', threadId), { method: 'DELETE' })
}

export async function cancelRun(runId: string): Promise<void> {
  await request(path('chat', runId, 'cancel'), { method: 'POST', keepalive: true })
}

/** Judges an answer; null withdraws what was said of it. */
export async function judge(runId: string, feedback: Feedback | null): Promise<void> {
  const body = feedback?.reason ? feedback : { verdict: feedback?.verdict ?? null }
  await request(path('chat', runId, 'feedback'), { method: 'POST', body })
}

/** Says what became of the alert that an answer proposed. */
export async function settle(runId: string, decision: Decision): Promise<void> {
  await request(path('chat', runId, 'proposal'), { method: 'PUT', body: { decision } })
}

/** Takes along a conversation that was begun in this browser before the person signed in. */
export async function claimConversation(threadId: string): Promise<void> {
  await request(path('conversations', threadId, 'claim'), { method: 'POST' })
}
