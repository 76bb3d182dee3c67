// What travels between the page and /api/admin.

import type { Role } from '../account/types'
import type { AnswerStatus, Cell, Feedback, Source } from '../chat/protocol'

export interface StoredTurn {
  id: number
  run_id: string
  question: string
  /** The question with its names as their kinds. */
  masked: string
  status: AnswerStatus | 'cancelled'
  source: Source | null
  answer: string
  cypher: string[]
  example: string | null
  examples: { id: string; similarity: number }[]
  as_of: string | null
  model: string
  elapsed_ms: number
  stages_ms: Record<string, number>
  prompt_tokens: number
  completion_tokens: number
  cost_usd: number
  tries: number
  errors: string[]
  created_at: string
  /** Ids of the examples that were made of it. */
  made_into: string[]
  feedback: Feedback | null
}

export type Graph = 'etf_graph' | 'etf_history'

export interface Slot {
  name: string
  type: string
  default?: string | number | null
  minimum?: number | null
  maximum?: number | null
  operator?: string
}

export interface Branch {
  text: string
  when: string
}

/** What can be edited of an example. */
export interface ExampleForm {
  question: string
  paraphrases: string[]
  graph: Graph
  cypher: string
  slots: Slot[]
  title: string
  answer: Branch[]
  answer_empty: Branch[]
  suggestions: string[]
  /** A real question to try it with. */
  trial: string
}

export type ExampleStatus = 'candidate' | 'verified' | 'retired'

export interface Example extends ExampleForm {
  id: string
  status: ExampleStatus
  source: 'seed' | 'feedback'
  turn_id: number | null
  created_at: string
  updated_at: string
}

export interface Trial {
  parameters: Record<string, Cell>
  columns: string[]
  rows: Cell[][]
  truncated: boolean
  elapsed_ms: number
  answer: string
  title: string
  /** Whether the question would be answered by this example. */
  matches: boolean
}

export interface Generalised {
  question: string
  graph: Graph
  cypher: string
  slots: Slot[]
  unplaced: { text: string; type: string }[]
}

export type RunStatus = 'loaded' | 'rejected' | 'failed' | 'holiday'

/** What came of one date of one source. */
export interface CollectionRun {
  date: string
  source: 'sample' | 'files' | 'krx'
  status: RunStatus
  etfs: number
  holdings: number
  prices: number
  trades: number
  gaps: number
  rejected: number
  reason: string | null
  duration_ms: number | null
  started_at: string
  finished_at: string | null
  notified_at: string | null
}

export interface CollectionRuns {
  /** Newest date first. */
  runs: CollectionRun[]
  /** Trading days among these dates, or after them on the first page, that nobody collected. */
  absent: string[]
  next_before: string | null
}

export interface CollectionGap {
  date: string
  code: string
  name: string | null
  reason: string | null
}

export interface CollectionGaps {
  gaps: CollectionGap[]
  total: number
  next_offset: number | null
}

export interface DiscordStanding {
  configured: boolean
  problem: string | null
  switched_off: { at: string; reason: string | null } | null
  paused_until: string | null
  posts: Record<'waiting' | 'sending' | 'sent' | 'refused' | 'in_doubt' | 'expired', number>
  last_sent_at: string | null
  last_error: { key: string; state: string; attempts: number; reason: string } | null
}

/** Somebody's account, and how much it is used. */
export interface Account {
  id: string
  email: string
  name: string
  role: Role
  disabled_at: string | null
  created_at: string
  seen_at: string | null
  sessions: number
  watches: number
}

/** Somebody's own webhook; its address stays on the server. */
export interface PersonsWebhook {
  person: string
  email: string
  address_hint: string | null
  state: 'on' | 'off'
  /** Why it is switched off, in Korean. */
  reason: string | null
  paused_until: string | null
  posts: Record<string, number>
  last_sent_at: string | null
}

/** Something that an administrator did. */
export interface AuditEntry {
  id: number
  at: string
  actor: string
  action: string
  subject: string
  /** The account's address, as long as it exists. */
  subject_email: string | null
  detail: Record<string, unknown>
}
