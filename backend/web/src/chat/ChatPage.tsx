import { useEffect, useMemo, useRef } from 'react'

import { Icon } from '../icons'
import type { MarketStatus } from '../market-status'
import { Composer } from './Composer'
import type { Turn } from './conversation'
import type { ConversationStore, Thread } from './store'
import { type TurnActions, TurnView } from './TurnView'
import { Unshown } from './Unshown'
import { Welcome } from './Welcome'

interface ChatPageProps {
  store: ConversationStore
  thread: Thread
  status: MarketStatus
}

export function ChatPage({ store, thread, status }: ChatPageProps) {
  const { turns } = thread
  const field = useRef<HTMLTextAreaElement>(null)
  const log = useRef<HTMLDivElement>(null)
  const last = turns.at(-1)
  const running = last?.phase === 'running'
  const { model } = status

  useEffect(() => {
    // Whoever pressed a button that is gone now goes on typing; a phone would open its keyboard over the page.
    const lost = document.activeElement === document.body
    if (lost && window.matchMedia('(hover: hover) and (pointer: fine)').matches) field.current?.focus({ preventScroll: true })
  }, [turns.length, running])

  useEffect(() => {
    // The newest question goes to the top, so that its answer grows downwards without moving what is being read.
    if (last) log.current?.querySelector('.turn:last-child')?.scrollIntoView({ block: 'start' })
  }, [last?.id])

  const actions = useMemo<TurnActions>(
    () => ({
      ask: (question) => store.send(question),
      retry: (turn) => store.retry(turn),
      askModel: model === null ? null : (turn) => store.askModel(turn),
      judge: (turn, feedback) => store.judge(turn, feedback),
      decided: (turn, decision) => store.decided(turn, decision),
    }),
    [store, model],
  )

  return (
    <main className="chat">
      {turns.length > 0 ? (
        <div className="turns" ref={log}>
          {turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} last={turn === last} busy={running} actions={actions} />
          ))}
        </div>
      ) : thread.state === 'ready' ? (
        <Welcome onAsk={actions.ask} />
      ) : (
        <Unshown state={thread.state} onReload={() => store.reload()} onNew={() => store.open(null)} />
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
        <Composer field={field} running={running} onSend={actions.ask} onStop={() => store.stop()} />
      </div>
    </main>
  )
}

/** What a screen reader says of the newest turn: the step at work, then the whole answer once it stands. */
function announcement(turn: Turn): string {
  switch (turn.phase) {
    case 'running':
      if (turn.link === 'reconnecting') return '다시 연결하는 중…'
      return turn.steps.at(-1)?.label ?? '질문을 보냈습니다.'
    case 'finished':
      return `답변: ${turn.text.replace(/[*_`#>|]/g, '')}`
    case 'stopped':
      return '답변을 멈췄습니다.'
    case 'failed':
      return ''
  }
}
