// A conversation as data: what a turn holds, how the stream's events change it, and how it is kept for a reload.

import type { Answer, ChatEvent, Message, Table } from './protocol'

export interface Step {
  id: string
  label: string
  outcome: string | null
  startedAt: number
  finishedAt: number | null
}

export type Phase = 'running' | 'finished' | 'stopped' | 'failed'

export interface Turn {
  id: string
  question: string
  askedAt: number
  phase: Phase
  steps: Step[]
  text: string
  /** Tables that came ahead of the final object. */
  tables: Table[]
  answer: Answer | null
  error: string | null
}

export interface Conversation {
  threadId: string
  turns: Turn[]
}

const HISTORY_TURNS = 10
const KEPT_TURNS = 40
const STORAGE_KEY = 'etf-atlas.conversation'

export function identifier(): string {
  // randomUUID is missing where the page is served over plain HTTP from another machine.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function emptyConversation(): Conversation {
  return { threadId: identifier(), turns: [] }
}

export function newTurn(question: string, now: number): Turn {
  return {
    id: identifier(), question, askedAt: now, phase: 'running', steps: [], text: '', tables: [], answer: null, error: null,
  }
}

/** The turn after an event of its run; `now` in milliseconds. */
export function afterEvent(turn: Turn, event: ChatEvent, now: number): Turn {
  switch (event.type) {
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
      // The final object has the tables as well; two copies would fill the storage of the reload.
      if (event.name === 'answer') return { ...turn, answer: event.value, text: event.value.answer, tables: [] }
      return turn
    case 'RUN_FINISHED':
      return ended(turn, 'finished', now)
    case 'RUN_ERROR':
      return { ...ended(turn, 'failed', now), error: event.message }
    default:
      return turn
  }
}

export function ended(turn: Turn, phase: Phase, now: number): Turn {
  const steps = turn.steps.map((step) => (step.finishedAt === null ? { ...step, finishedAt: now } : step))
  return { ...turn, phase, steps }
}

/** What the server is told of the conversation so far, ending with the new question. */
export function messages(earlier: Turn[], turn: Turn): Message[] {
  const told = earlier
    .filter((past) => past.answer !== null)
    .slice(-HISTORY_TURNS)
    .flatMap((past): Message[] => [
      { id: `${past.id}-q`, role: 'user', content: past.question },
      { id: `${past.id}-a`, role: 'assistant', content: past.text },
    ])
  return [...told, { id: `${turn.id}-q`, role: 'user', content: turn.question }]
}

/** Keeps the conversation for a reload of this tab; the oldest turns go where the storage is too small. */
export function keep(conversation: Conversation, storage: Storage = sessionStorage): void {
  for (let turns = conversation.turns.slice(-KEPT_TURNS); ; turns = turns.slice(1)) {
    try {
      storage.setItem(STORAGE_KEY, JSON.stringify({ ...conversation, turns }))
      return
    } catch (error) {
      // Storage that is full or switched off costs the reload its conversation, and nothing else.
      if (turns.length === 0) return console.warn('the conversation cannot be kept', error)
    }
  }
}

/** The kept conversation; a turn that was running when the page went away counts as stopped. */
export function kept(now: number, storage: () => Storage = () => sessionStorage): Conversation {
  try {
    const found = JSON.parse(storage().getItem(STORAGE_KEY) ?? 'null') as Conversation | null
    if (!found || !Array.isArray(found.turns)) return emptyConversation()
    return { ...found, turns: found.turns.map((turn) => (turn.phase === 'running' ? ended(turn, 'stopped', now) : turn)) }
  } catch (error) {
    console.warn('the kept conversation cannot be read', error)
    return emptyConversation()
  }
}
