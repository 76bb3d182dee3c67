import { useEffect, useState } from 'react'

import { takeAsked } from './chat/asked'
import { ChatPage } from './chat/ChatPage'
import { ConversationList } from './chat/ConversationList'
import { useConversations } from './chat/useConversations'
import { Header } from './Header'
import { Icon } from './icons'
import { useMarketStatus } from './market-status'
import { NotificationBell } from './notifications/NotificationBell'
import { useNotices } from './notifications/useNotices'

export function App() {
  const [store, { thread, list }] = useConversations()
  const [listed, setListed] = useState(false)
  const running = thread.turns.at(-1)?.phase === 'running'
  const [notices, noticeStore] = useNotices()
  const status = useMarketStatus(`${running} ${notices.arrivals}`)
  useEffect(() => {
    const question = takeAsked()
    if (question) store.send(question)
  }, [store])
  const empty = thread.turns.length === 0 && thread.state === 'ready'
  return (
    <>
      <a className="skip-link" href="#question">
        질문 입력으로 건너뛰기
      </a>
      <Header status={status}>
        <NotificationBell store={noticeStore} notices={notices} onAsk={running ? null : (question) => store.send(question)} />
        <button type="button" className="button quiet" onClick={() => setListed(true)} aria-haspopup="dialog">
          <Icon name="history" />
          <span>지난 대화</span>
        </button>
        {!empty && (
          <button type="button" className="button quiet" onClick={() => store.open(null)}>
            <Icon name="plus" />
            <span>새 대화</span>
          </button>
        )}
      </Header>
      <ChatPage store={store} thread={thread} status={status} />
      {listed && <ConversationList store={store} list={list} currentId={thread.id} onClose={() => setListed(false)} />}
    </>
  )
}
