// What travels between the page and the server: the AG-UI events of POST /api/chat that the page reads, and stored turns.

import type { Decision, Proposal } from './proposal'

export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell }

export interface Table {
  title: string
  columns: string[]
  rows: Cell[][]
  truncated?: boolean
}

export type AnswerStatus = 'answered' | 'refused' | 'clarify' | 'failed'

/** What answered: a verified example, a reading of the question, or a language model. */
export type Source = 'verified' | 'reading' | 'model'

/** The final object of a run, the same that `atlas ask --json` prints. */
export interface Answer {
  answer: string
  status: AnswerStatus
  tables: Table[]
  cypher: string[]
  as_of: string | null
  model: string
  elapsed_ms: number
  dataset: 'sample' | 'files' | 'krx' | null
  suggestions: string[]
  source?: Source | null
  /** The verified question, where `source` is `verified`. */
  example: string | null
  /** An alert that was wished for and that nobody has set yet; old answers have none. */
  proposal?: Proposal | null
}

interface StepDetail {
  id?: string
  name?: string
  text?: string
}

export type ChatEvent =
  | { type: 'RUN_STARTED' }
  | { type: 'STEP_STARTED'; stepName: string; metadata?: StepDetail }
  | { type: 'STEP_FINISHED'; stepName: string; metadata?: StepDetail }
  | { type: 'TEXT_MESSAGE_CONTENT'; delta: string }
  | { type: 'CUSTOM'; name: 'table'; value: Table }
  | { type: 'CUSTOM'; name: 'proposal'; value: Proposal }
  | { type: 'CUSTOM'; name: 'answer'; value: Answer }
  | { type: 'RUN_FINISHED' }
  | { type: 'RUN_ERROR'; message: string; code?: string }

export interface Message {
  id: string
  role: 'user' | 'assistant'
  content: string
}

export interface RunInput {
  threadId: string
  runId: string
  messages: Message[]
  /** `answerBy: model` asks the model even where a verified example would answer. */
  forwardedProps: { answerBy?: 'model' }
}

export interface Feedback {
  verdict: 'up' | 'down'
  reason: string | null
}

export interface StoredTurn {
  run_id: string
  question: string
  answer: Omit<Answer, 'status'> & { status: AnswerStatus | 'cancelled' }
  created_at: string
  /** What was decided of the answer's proposal. */
  decision?: Decision | null
  feedback: Feedback | null
}

export interface ConversationSummary {
  id: string
  /** Its first question. */
  title: string
  created_at: string
  /** Number of questions. */
  turns: number
}
