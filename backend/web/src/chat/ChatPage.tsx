import { useCallback, useEffect, useRef } from 'react'

import { Icon } from '../icons'
import type { MarketStatus } from '../market-status'
import { Composer } from './Composer'
import type { Turn } from './conversation'
import { TurnView } from './TurnView'
import type { ConversationControl } from './useConversation'
import { Welcome } from './Welcome'

interface ChatPageProps {
  conversation: ConversationControl
  status: MarketStatus
}

export function ChatPage({ conversation, status }: ChatPageProps) {
  const { turns, running, send, retry, stop } = conversation
  const field = useRef<HTMLTextAreaElement>(null)
  const last = turns.at(-1)
  const log = useRef<HTMLDivElement>(null)

  useEffect(() => {
    // Whoever pressed a button that is gone now goes on typing; a phone would open its keyboard over the page.
    const lost = document.activeElement === document.body
    if (lost && window.matchMedia('(hover: hover) and (pointer: fine)').matches) field.current?.focus({ preventScroll: true })
  }, [turns.length, running])

  useEffect(() => {
    // The newest question goes to the top, so that its answer grows downwards without moving what is being read.
    if (last) log.current?.querySelector('.turn:last-child')?.scrollIntoView({ block: 'start' })
  }, [last?.id])

  const askAgain = useCallback((turn: Turn) => retry(turn), [retry])

  return (
    <main className="chat">
      {turns.length === 0 ? (
        <Welcome onAsk={send} />
      ) : (
        <div className="turns" ref={log}>
          {turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} last={turn === last} busy={running} onAsk={send} onRetry={askAgain} />
          ))}
        </div>
      )}
      <div className="for-screen-readers" role="status" aria-live="polite">
        {last && announcement(last)}
      </div>
      <div className="dock">
        {status.detail && (
          <p className="dock-notice" role="alert">
            <Icon name="alert" size={16} />
            {status.detail}
          </p>
        )}
        <Composer field={field} running={running} onSend={send} onStop={stop} />
      </div>
    </main>
  )
}

/** What a screen reader says of the newest turn: the step at work, then the whole answer once it stands. */
function announcement(turn: Turn): string {
  switch (turn.phase) {
    case 'running':
      return turn.steps.at(-1)?.label ?? '질문을 보냈습니다.'
    case 'finished':
      return `답변: ${turn.text.replace(/[*_`#>|]/g, '')}`
    case 'stopped':
      return '답변을 멈췄습니다.'
    case 'failed':
      return ''
  }
}
