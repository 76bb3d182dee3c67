import { describe, expect, it, vi } from 'vitest'

import { afterEvent, ended, fromStored, newTurn, runInput, type Turn } from './conversation'
import { forget, forgetIn, type PendingRun, pendingRuns, remember } from './pending'
import type { Answer, ChatEvent, StoredTurn } from './protocol'

const ANSWER: Answer = {
  answer: '**답**', status: 'answered', tables: [], cypher: [], as_of: '2026-07-08', model: 'offline', elapsed_ms: 1,
  dataset: 'sample', suggestions: [], example: null, source: null,
}

function answered(question: string): Turn {
  return afterEvent(newTurn(question, 0), { type: 'CUSTOM', name: 'answer', value: ANSWER }, 1)
}

describe('a turn', () => {
  it('grows by the events of its run', () => {
    const events: ChatEvent[] = [
      { type: 'RUN_STARTED' },
      { type: 'STEP_STARTED', stepName: '찾는 중', metadata: { id: 's', text: '찾는 중' } },
      { type: 'STEP_FINISHED', stepName: '찾는 중', metadata: { id: 's', text: '찾음' } },
      { type: 'TEXT_MESSAGE_CONTENT', delta: '답' },
      { type: 'CUSTOM', name: 'answer', value: ANSWER },
      { type: 'RUN_FINISHED' },
    ]
    const turn = events.reduce((seen, event, at) => afterEvent(seen, event, at * 100), newTurn('질문', 0))
    expect(turn).toMatchObject({ phase: 'finished', text: '**답**', answer: ANSWER })
    expect(turn.steps).toEqual([{ id: 's', label: '찾는 중', outcome: '찾음', startedAt: 100, finishedAt: 200 }])
  })

  it('closes its open steps when it ends early', () => {
    const started = afterEvent(newTurn('질문', 0), { type: 'STEP_STARTED', stepName: '찾는 중' }, 5)
    expect(ended(started, 'stopped', 9).steps[0]?.finishedAt).toBe(9)
  })

  it('is told to the server with the answers before it, and without failed ones', () => {
    const failed = ended(newTurn('실패한 질문', 0), 'failed', 1)
    const { messages } = runInput('t', [answered('앞'), failed], newTurn('뒤', 2))
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['user', '앞'],
      ['assistant', '**답**'],
      ['user', '뒤'],
    ])
  })

  it('begins anew when its run is told from the beginning again', () => {
    const events: ChatEvent[] = [
      { type: 'RUN_STARTED' },
      { type: 'TEXT_MESSAGE_CONTENT', delta: '반쯤' },
      { type: 'RUN_STARTED' },
      { type: 'TEXT_MESSAGE_CONTENT', delta: '답' },
    ]
    expect(events.reduce((seen, event) => afterEvent(seen, event, 1), newTurn('질문', 0)).text).toBe('답')
  })

  it('that was cancelled, here or in another tab, is stopped and not failed', () => {
    const turn = afterEvent(newTurn('질문', 0), { type: 'RUN_ERROR', message: '답변을 멈췄습니다.', code: 'cancelled' }, 1)
    expect(turn).toMatchObject({ phase: 'stopped', error: null })
  })

  it('asks the model only where one wants that', () => {
    expect(runInput('t', [], newTurn('질문', 0, true)).forwardedProps).toEqual({ answerBy: 'model' })
    expect(runInput('t', [], newTurn('질문', 0)).forwardedProps).toEqual({})
  })
})

describe('a stored conversation', () => {
  function stored(question: string, status: StoredTurn['answer']['status']): StoredTurn {
    return { run_id: `${question}-${status}`, question, answer: { ...ANSWER, status }, created_at: '2026-07-08T09:00:00Z', feedback: null }
  }

  it('comes back with its answers, and with what was stopped', () => {
    const turns = fromStored([stored('하나', 'answered'), stored('둘', 'cancelled')])
    expect(turns.map(({ phase, answer, text }) => [phase, answer?.status, text])).toEqual([
      ['finished', 'answered', '**답**'],
      ['stopped', undefined, '**답**'],
    ])
  })

  it('leaves out what was tried again afterwards', () => {
    const turns = fromStored([stored('하나', 'failed'), stored('하나', 'cancelled'), stored('하나', 'answered'), stored('하나', 'answered')])
    expect(turns.map(({ id }) => id)).toEqual(['하나-answered', '하나-answered'])
  })
})

describe('questions that are being answered', () => {
  function storage(): () => Storage {
    const values = new Map<string, string>()
    const place: Storage = {
      getItem: (key) => values.get(key) ?? null, setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => values.delete(key), clear: () => values.clear(), key: () => null, length: 0,
    }
    return () => place
  }
  const run = (runId: string, threadId: string, askedAt: number): PendingRun => ({
    input: { threadId, runId, messages: [], forwardedProps: {} }, question: runId, askedAt,
  })
  const ids = (runs: PendingRun[]) => runs.map(({ input }) => input.runId)

  it('are found again by their conversation, until they have ended', () => {
    const place = storage()
    remember(run('a', 't', 2), 2, place)
    remember(run('b', 't', 1), 2, place)
    remember(run('c', 'other', 1), 2, place)
    expect(ids(pendingRuns('t', 3, place))).toEqual(['b', 'a'])
    forget('a', place)
    expect(ids(pendingRuns('t', 3, place))).toEqual(['b'])
    forgetIn('t', [], place)
    expect(ids(pendingRuns('t', 3, place))).toEqual([])
    expect(ids(pendingRuns('other', 3, place))).toEqual(['c'])
  })

  it('are not asked again long afterwards', () => {
    const place = storage()
    remember(run('a', 't', 0), 0, place)
    expect(pendingRuns('t', 3_600_000, place)).toEqual([])
  })

  it('are none where the storage cannot be used', () => {
    vi.spyOn(console, 'info').mockReturnValue()
    const refuse = (): Storage => {
      throw new DOMException('denied', 'SecurityError')
    }
    remember(run('a', 't', 0), 0, refuse)
    expect(pendingRuns('t', 0, refuse)).toEqual([])
  })
})
