import { ChatPage } from './chat/ChatPage'
import { useConversation } from './chat/useConversation'
import { Header } from './Header'
import { useMarketStatus } from './market-status'

export function App() {
  const conversation = useConversation()
  const status = useMarketStatus(conversation.running)
  return (
    <>
      <a className="skip-link" href="#question">
        질문 입력으로 건너뛰기
      </a>
      <Header status={status} canRestart={conversation.turns.length > 0} onRestart={conversation.restart} />
      <ChatPage conversation={conversation} status={status} />
    </>
  )
}
