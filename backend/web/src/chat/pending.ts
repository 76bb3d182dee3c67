// Questions that are being answered, remembered by the browser so that a page that is loaded again finds their answers.

import type { RunInput } from './protocol'

export interface PendingRun {
  input: RunInput
  question: string
  askedAt: number
}

const STORAGE_KEY = 'etf-atlas.running'
/** No run takes longer; one that is older has come to an end unseen, and is not asked again. */
const AGE_LIMIT_MS = 300_000

/** The runs of one conversation that were going on when they were last heard of, oldest first. */
export function pendingRuns(threadId: string, now: number, storage: () => Storage = () => localStorage): PendingRun[] {
  return all(storage)
    .filter(({ input, askedAt }) => input.threadId === threadId && now - askedAt < AGE_LIMIT_MS)
    .sort((one, other) => one.askedAt - other.askedAt)
}

export function remember(run: PendingRun, now: number, storage: () => Storage = () => localStorage): void {
  const others = all(storage).filter(({ input, askedAt }) => input.runId !== run.input.runId && now - askedAt < AGE_LIMIT_MS)
  write([...others, run], storage)
}

export function forget(runId: string, storage: () => Storage = () => localStorage): void {
  const found = all(storage)
  const others = found.filter(({ input }) => input.runId !== runId)
  if (others.length < found.length) write(others, storage)
}

/** Forgets the runs of a conversation except those that are still waited for. */
export function forgetIn(threadId: string, awaited: PendingRun[], storage: () => Storage = () => localStorage): void {
  const kept = new Set(awaited.map(({ input }) => input.runId))
  write(all(storage).filter(({ input }) => input.threadId !== threadId || kept.has(input.runId)), storage)
}

function all(storage: () => Storage): PendingRun[] {
  try {
    const found: unknown = JSON.parse(storage().getItem(STORAGE_KEY) ?? '[]')
    return Array.isArray(found) ? (found as PendingRun[]) : []
  } catch (error) {
    console.info('what was being asked cannot be read', error)
    return []
  }
}

function write(runs: PendingRun[], storage: () => Storage): void {
  try {
    storage().setItem(STORAGE_KEY, JSON.stringify(runs))
  } catch (error) {
    // Storage that is full or switched off costs a reload its running answer, and nothing else.
    console.info('what is being asked cannot be kept', error)
  }
}
