// A conversation as data: what a turn holds, how the stream's events change it, and how it is read from what the server stored.

import type { Decision } from './proposal'
import type { Answer, ChatEvent, Feedback, Message, RunInput, StoredTurn, Table } from './protocol'
import type { Link } from './stream'

export interface Step {
  id: string
  label: string
  outcome: string | null
  startedAt: number
  finishedAt: number | null
}

export type Phase = 'running' | 'finished' | 'stopped' | 'failed'

export interface Turn {
  /** Also the id of its run. */
  id: string
  question: string
  askedAt: number
  /** Whether the model was asked even where a verified example would have answered. */
  byModel: boolean
  phase: Phase
  link: Link
  steps: Step[]
  text: string
  /** Tables that came ahead of the final object. */
  tables: Table[]
  answer: Answer | null
  error: string | null
  feedback: Feedback | null
  /** What became of the alert that the answer proposes. */
  decision: Decision | null
}

const HISTORY_TURNS = 10

export function identifier(): string {
  // randomUUID is missing where the page is served over plain HTTP from another machine.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function newTurn(question: string, now: number, byModel = false, id = identifier()): Turn {
  return {
    id, question, askedAt: now, byModel, phase: 'running', link: 'live', steps: [], text: '', tables: [], answer: null,
    error: null, feedback: null, decision: null,
  }
}

/** The turn after an event of its run; `now` in milliseconds. */
export function afterEvent(turn: Turn, event: ChatEvent, now: number): Turn {
  switch (event.type) {
    case 'RUN_STARTED':
      // The run is told from its beginning, perhaps not for the first time.
      return { ...turn, steps: [], text: '', tables: [], answer: null }
    case 'STEP_STARTED': {
      const step = {
        id: event.metadata?.id ?? event.stepName, label: event.stepName, outcome: null, startedAt: now, finishedAt: null,
      }
      return { ...turn, steps: [...turn.steps, step] }
    }
    case 'STEP_FINISHED':
      return {
        ...turn,
        steps: turn.steps.map((step) =>
          step.finishedAt === null && step.label === event.stepName
            ? { ...step, outcome: event.metadata?.text ?? null, finishedAt: now }
            : step,
        ),
      }
    case 'TEXT_MESSAGE_CONTENT':
      return { ...turn, text: turn.text + event.delta }
    case 'CUSTOM':
      if (event.name === 'table') return { ...turn, tables: [...turn.tables, event.value] }
      if (event.name === 'answer') return { ...turn, answer: event.value, text: event.value.answer, tables: [] }
      return turn
    case 'RUN_FINISHED':
      return ended(turn, 'finished', now)
    case 'RUN_ERROR':
      if (event.code === 'cancelled') return ended(turn, 'stopped', now)
      return { ...ended(turn, 'failed', now), error: event.message }
    default:
      return turn
  }
}

export function ended(turn: Turn, phase: Phase, now: number): Turn {
  const steps = turn.steps.map((step) => (step.finishedAt === null ? { ...step, finishedAt: now } : step))
  return { ...turn, phase, link: 'live', steps }
}

/** What the server is asked: the conversation so far, ending with the turn's question. */
export function runInput(threadId: string, earlier: Turn[], turn: Turn): RunInput {
  const told = earlier
    .filter((past) => past.answer !== null)
    .slice(-HISTORY_TURNS)
    .flatMap((past): Message[] => [
      { id: `${past.id}-q`, role: 'user', content: past.question },
      { id: `${past.id}-a`, role: 'assistant', content: past.text },
    ])
  const messages: Message[] = [...told, { id: `${turn.id}-q`, role: 'user', content: turn.question }]
  return { threadId, runId: turn.id, messages, forwardedProps: turn.byModel ? { answerBy: 'model' } : {} }
}

/** The turns as the server stored them, without those that were tried again afterwards. */
export function fromStored(stored: StoredTurn[]): Turn[] {
  return stored.map(read).filter((turn, index, turns) => {
    const triedAgain = turns[index + 1]?.question === turn.question
    const unanswered = turn.phase !== 'finished' || turn.answer?.status === 'failed'
    return !(unanswered && triedAgain)
  })
}

function read({ run_id, question, answer, created_at, feedback, decision = null }: StoredTurn): Turn {
  const { status } = answer
  const turn = { ...newTurn(question, Date.parse(created_at), false, run_id), text: answer.answer, feedback, decision }
  if (status === 'cancelled') return { ...turn, phase: 'stopped', tables: answer.tables }
  return { ...turn, phase: 'finished', answer: { ...answer, status } }
}
