// The conversations of this tab: what is shown, and what goes on behind it. Answers go on while another conversation is read.

import { Problem, told } from '../http'
import * as api from './api'
import { afterEvent, ended, fromStored, identifier, newTurn, runInput, type Turn } from './conversation'
import type { Decision } from './proposal'
import { forget, forgetIn, type PendingRun, pendingRuns, remember } from './pending'
import type { ChatEvent, ConversationSummary, Feedback, StoredTurn } from './protocol'
import { ask } from './stream'
import { openTabs, type TabMessage, type Tabs } from './tabs'

/** How often arrived events are drawn; a fast model sends hundreds a second. */
const DRAW_INTERVAL_MS = 40
/** How long a question waits for the visitor's cookie. */
const INTRODUCTION_MS = 1_500

export interface Thread {
  id: string
  turns: Turn[]
  /** `missing`: the server knows no such conversation of this visitor; `away`: it could not be asked. */
  state: 'ready' | 'loading' | 'missing' | 'away'
}

export interface Shown {
  thread: Thread
  /** The visitor's conversations, newest first; null while they are unknown. */
  list: ConversationSummary[] | null
}

export class ConversationStore {
  private shown: Shown
  private readonly threads = new Map<string, Thread>()
  private readonly runs = new Map<string, AbortController>()
  private readonly listeners = new Set<() => void>()
  private tabs: Tabs | null = null
  /** The first answer of the server brings the visitor's cookie; requests that came before it would be somebody else's. */
  private introduced: Promise<unknown> = Promise.resolve()

  constructor(threadId: string | null) {
    this.shown = { thread: this.fresh(threadId), list: null }
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly snapshot = (): Shown => this.shown

  /** Begins to talk to the server and to the other tabs. Returns what ends it. */
  start(): () => void {
    this.tabs = openTabs((message) => this.heard(message))
    const patience = new Promise((resolve) => setTimeout(resolve, INTRODUCTION_MS))
    this.introduced = Promise.race([this.refreshList(), patience])
    const { id, state } = this.shown.thread
    if (state === 'loading') void this.load(id)
    return () => {
      this.tabs?.close()
      this.tabs = null
    }
  }

  /** Shows a conversation, or an empty one. */
  open(threadId: string | null): void {
    const known = threadId === null ? undefined : this.threads.get(threadId)
    const thread = known && known.state !== 'away' ? known : this.fresh(threadId)
    this.show({ thread })
    if (thread.state === 'loading') void this.load(thread.id)
  }

  /** Asks the server for the shown conversation again. */
  reload(): void {
    const { id } = this.shown.thread
    this.put({ id, turns: [], state: 'loading' })
    void this.load(id)
  }

  send(question: string): void {
    const { thread } = this.shown
    this.begin(thread, thread.turns, newTurn(question, Date.now()))
  }

  /** Asks a turn's question again, in its place. */
  retry(turn: Turn): void {
    const { thread } = this.shown
    const others = thread.turns.filter(({ id }) => id !== turn.id)
    this.begin(thread, others, newTurn(turn.question, Date.now(), turn.byModel), { replaces: turn.id })
  }

  /** Asks the model what an example or a reading has answered, with what was said before that. */
  askModel(turn: Turn): void {
    const { thread } = this.shown
    const earlier = thread.turns.slice(0, thread.turns.findIndex(({ id }) => id === turn.id))
    this.begin(thread, thread.turns, newTurn(turn.question, Date.now(), true), { earlier })
  }

  stop(): void {
    const { thread } = this.shown
    const turn = thread.turns.at(-1)
    if (turn?.phase !== 'running') return
    this.change(thread.id, turn.id, (seen) => ended(seen, 'stopped', Date.now()))
    this.runs.get(turn.id)?.abort()
    // A server that cannot be reached gives the run up by itself, because nobody reads it.
    api.cancelRun(turn.id).catch((error: unknown) => console.info('not cancelled', error))
  }

  /** Judges an answer; throws Problem, and keeps what was said before, when that cannot be stored. */
  async judge(turn: Turn, feedback: Feedback | null): Promise<void> {
    const threadId = this.shown.thread.id
    await api.judge(turn.id, feedback)
    this.change(threadId, turn.id, (seen) => ({ ...seen, feedback }))
    this.tabs?.tell({ kind: 'judged', threadId, runId: turn.id, feedback })
  }

  /** Notes what became of the alert that a turn proposed. */
  decided(turn: Turn, decision: Decision): void {
    this.change(this.shown.thread.id, turn.id, (seen) => ({ ...seen, decision: seen.decision ?? decision }))
  }

  /** Removes a conversation here and at the server. Throws Problem. */
  async remove(threadId: string): Promise<void> {
    await api.removeConversation(threadId).catch((error: unknown) => {
      if (!(error instanceof Problem && error.status === 404)) throw error
    })
    this.removed(threadId)
    this.tabs?.tell({ kind: 'removed', threadId })
  }

  async refreshList(): Promise<void> {
    try {
      this.show({ list: await api.conversations() })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  private fresh(threadId: string | null): Thread {
    const thread: Thread = { id: threadId ?? identifier(), turns: [], state: threadId === null ? 'ready' : 'loading' }
    this.threads.set(thread.id, thread)
    return thread
  }

  private async load(id: string): Promise<void> {
    await this.introduced
    let turns: Turn[] = []
    let state: Thread['state'] = 'ready'
    try {
      turns = fromStored(await stored(id))
    } catch (error) {
      state = error instanceof Problem && error.status === 404 ? 'missing' : 'away'
      if (!(error instanceof Problem)) told(error)
    }
    const asked = pendingRuns(id, Date.now()).filter(({ input }) => !turns.some((turn) => turn.id === input.runId))
    forgetIn(id, asked)
    this.put({ id, turns, state: asked.length > 0 ? 'ready' : state })
    for (const run of asked) this.follow(run)
  }

  private begin(thread: Thread, shown: Turn[], turn: Turn, more: { replaces?: string; earlier?: Turn[] } = {}): void {
    this.put({ id: thread.id, turns: [...shown, turn], state: 'ready' })
    const input = runInput(thread.id, more.earlier ?? shown, turn)
    const run = { input, question: turn.question, askedAt: turn.askedAt }
    remember(run, turn.askedAt)
    void this.carry(run, () => {
      this.tabs?.tell({ kind: 'asked', run, replaces: more.replaces ?? null })
    })
  }

  /** Shows the answer to a question that was asked before this page was loaded, or in another tab. */
  private follow(run: PendingRun, replaces: string | null = null): void {
    const { input, question, askedAt } = run
    const thread = this.threads.get(input.threadId)
    if (!thread || thread.turns.some(({ id }) => id === input.runId)) return
    const turn = newTurn(question, askedAt, input.forwardedProps.answerBy === 'model', input.runId)
    this.put({ ...thread, turns: [...thread.turns.filter(({ id }) => id !== replaces), turn], state: 'ready' })
    void this.carry(run)
  }

  /** Lets a turn grow by the events of its run until that ends; `onFirst` is called when the server has the question. */
  private async carry({ input }: PendingRun, onFirst?: () => void): Promise<void> {
    const { threadId, runId } = input
    const controller = new AbortController()
    this.runs.set(runId, controller)
    const change = (next: (turn: Turn) => Turn) => this.change(threadId, runId, next)
    const arrived: { event: ChatEvent; at: number }[] = []
    const draw = () => {
      const events = arrived.splice(0)
      if (events.length > 0) change((seen) => events.reduce((turn, { event, at }) => afterEvent(turn, event, at), seen))
    }
    const drawing = setInterval(draw, DRAW_INTERVAL_MS)
    try {
      await this.introduced
      const onLink = (link: Turn['link']) => change((seen) => ({ ...seen, link }))
      for await (const event of ask(input, { signal: controller.signal, onLink })) {
        if (event.type === 'RUN_STARTED') onFirst?.()
        arrived.push({ event, at: Date.now() })
      }
      draw()
    } catch (error) {
      draw()
      if (!controller.signal.aborted) change((seen) => ({ ...ended(seen, 'failed', Date.now()), error: told(error) }))
    } finally {
      clearInterval(drawing)
      this.runs.delete(runId)
      forget(runId)
      this.tabs?.tell({ kind: 'ended', threadId })
      void this.refreshList()
      void this.refreshDecision(threadId, runId)
    }
  }

  /** A word such as `네` decides of what the answer before it proposed. */
  private async refreshDecision(threadId: string, runId: string): Promise<void> {
    const turns = this.threads.get(threadId)?.turns ?? []
    const before = turns[turns.findIndex(({ id }) => id === runId) - 1]
    if (!before?.answer?.proposal || before.decision) return
    try {
      const found = (await api.storedTurns(threadId)).find(({ run_id }) => run_id === before.id)
      if (found?.decision) this.change(threadId, before.id, (seen) => ({ ...seen, decision: found.decision ?? null }))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  private heard(message: TabMessage): void {
    switch (message.kind) {
      case 'asked':
        return this.follow(message.run, message.replaces)
      case 'judged':
        return this.change(message.threadId, message.runId, (seen) => ({ ...seen, feedback: message.feedback }))
      case 'removed':
        return this.removed(message.threadId)
      case 'ended':
        return void this.refreshList()
    }
  }

  private removed(threadId: string): void {
    for (const turn of this.threads.get(threadId)?.turns ?? []) this.runs.get(turn.id)?.abort()
    forgetIn(threadId, [])
    this.threads.delete(threadId)
    this.show({ list: this.shown.list?.filter(({ id }) => id !== threadId) ?? null })
    if (this.shown.thread.id === threadId) this.open(null)
  }

  private change(threadId: string, turnId: string, next: (turn: Turn) => Turn): void {
    const thread = this.threads.get(threadId)
    if (thread) this.put({ ...thread, turns: thread.turns.map((turn) => (turn.id === turnId ? next(turn) : turn)) })
  }

  private put(thread: Thread): void {
    this.threads.set(thread.id, thread)
    if (this.shown.thread.id === thread.id) this.show({ thread })
  }

  private show(next: Partial<Shown>): void {
    this.shown = { ...this.shown, ...next }
    for (const listener of this.listeners) listener()
  }
}

/** A conversation's turns. One that was begun in this browser before its person signed in is taken along. */
async function stored(id: string): Promise<StoredTurn[]> {
  try {
    return await api.storedTurns(id)
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error
    const claimed = await api.claimConversation(id).then(() => true, () => false)
    if (!claimed) throw error
    return api.storedTurns(id)
  }
}
