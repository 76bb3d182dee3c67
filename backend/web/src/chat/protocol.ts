// What travels between the page and POST /api/chat: AG-UI events, of which the page reads these.

export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell }

export interface Table {
  title: string
  columns: string[]
  rows: Cell[][]
  truncated?: boolean
}

export type AnswerStatus = 'answered' | 'refused' | 'clarify' | 'failed'

/** The final object of a run, the same that `atlas ask --json` prints. */
export interface Answer {
  answer: string
  status: AnswerStatus
  tables: Table[]
  cypher: string[]
  as_of: string | null
  model: string
  elapsed_ms: number
  dataset: 'sample' | 'files' | null
  suggestions: string[]
  example: string | null
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
}
