import { useCallback, useEffect, useRef, useState } from 'react'

import { afterEvent, type Conversation, emptyConversation, ended, keep, kept, messages, newTurn, type Turn } from './conversation'
import type { ChatEvent } from './protocol'
import { ask, ChatFailure } from './stream'

/** How often arrived events are drawn; a fast model sends hundreds a second. */
const DRAW_INTERVAL_MS = 40

const BROKEN = '화면에서 문제가 생겼습니다. 다시 시도해 주세요.'

export interface ConversationControl {
  turns: Turn[]
  running: boolean
  send: (question: string) => void
  retry: (turn: Turn) => void
  stop: () => void
  restart: () => void
}

/** The conversation of this tab and what can be done with it. */
export function useConversation(): ConversationControl {
  const [conversation, setConversation] = useState<Conversation>(() => kept(Date.now()))
  const run = useRef<AbortController | null>(null)
  const { threadId, turns } = conversation
  const running = turns.at(-1)?.phase === 'running'

  const change = useCallback((id: string, next: (turn: Turn) => Turn) => {
    setConversation((current) => ({
      ...current,
      turns: current.turns.map((turn) => (turn.id === id ? next(turn) : turn)),
    }))
  }, [])

  const start = useCallback(
    async (question: string, earlier: Turn[]) => {
      run.current?.abort()
      const controller = new AbortController()
      run.current = controller
      const turn = newTurn(question, Date.now())
      setConversation({ threadId, turns: [...earlier, turn] })

      const arrived: { event: ChatEvent; at: number }[] = []
      const draw = () => {
        const events = arrived.splice(0)
        if (events.length > 0) change(turn.id, (seen) => events.reduce((t, { event, at }) => afterEvent(t, event, at), seen))
      }
      const drawing = setInterval(draw, DRAW_INTERVAL_MS)
      try {
        const input = { threadId, runId: turn.id, messages: messages(earlier, turn) }
        for await (const event of ask(input, controller.signal)) arrived.push({ event, at: Date.now() })
        draw()
      } catch (error) {
        draw()
        if (controller.signal.aborted) {
          change(turn.id, (seen) => ended(seen, 'stopped', Date.now()))
        } else {
          if (!(error instanceof ChatFailure)) console.error(error)
          const message = error instanceof ChatFailure ? error.message : BROKEN
          change(turn.id, (seen) => ({ ...ended(seen, 'failed', Date.now()), error: message }))
        }
      } finally {
        clearInterval(drawing)
      }
    },
    [threadId, change],
  )

  const send = useCallback((question: string) => void start(question, turns), [start, turns])
  const retry = useCallback(
    (turn: Turn) => void start(turn.question, turns.filter((other) => other.id !== turn.id)),
    [start, turns],
  )
  const stop = useCallback(() => run.current?.abort(), [])
  const restart = useCallback(() => {
    run.current?.abort()
    setConversation(emptyConversation())
  }, [])

  useEffect(() => {
    // While a run goes on it would be written dozens of times a second; its end is written.
    if (!running) keep(conversation)
  }, [conversation, running])
  useEffect(() => {
    const leave = () => keep(conversation)
    window.addEventListener('pagehide', leave)
    return () => window.removeEventListener('pagehide', leave)
  }, [conversation])
  useEffect(() => () => run.current?.abort(), [])

  return { turns, running, send, retry, stop, restart }
}
