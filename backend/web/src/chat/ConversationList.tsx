import { useEffect, useState } from 'react'

import { Drawer } from '../Drawer'
import { told } from '../http'
import { Icon } from '../icons'
import { day } from '../table/format'
import type { ConversationSummary } from './protocol'
import type { ConversationStore } from './store'

interface ConversationListProps {
  store: ConversationStore
  list: ConversationSummary[] | null
  currentId: string
  onClose: () => void
}

/** The visitor's earlier conversations, in a drawer. */
export function ConversationList({ store, list, currentId, onClose }: ConversationListProps) {
  const [problem, setProblem] = useState<string | null>(null)

  useEffect(() => void store.refreshList(), [store])

  const open = (id: string | null) => {
    store.open(id)
    onClose()
  }
  const remove = (id: string) => {
    setProblem(null)
    store.remove(id).catch((error: unknown) => setProblem(told(error)))
  }

  return (
    <Drawer title="지난 대화" side="left" onClose={onClose}>
      <button type="button" className="button drawer-new" onClick={() => open(null)}>
        <Icon name="plus" />
        새 대화
      </button>
      {problem && <p className="drawer-note" role="alert">{problem}</p>}
      {list === null && <p className="drawer-note">대화 목록을 불러올 수 없습니다.</p>}
      {list?.length === 0 && <p className="drawer-note">아직 나눈 대화가 없습니다. 질문을 하면 여기에 남습니다.</p>}
      <ul className="conversations">
        {list?.map((conversation) => (
          <Conversation
            key={conversation.id} conversation={conversation} current={conversation.id === currentId}
            onOpen={() => open(conversation.id)} onRemove={() => remove(conversation.id)}
          />
        ))}
      </ul>
    </Drawer>
  )
}

interface ConversationProps {
  conversation: ConversationSummary
  current: boolean
  onOpen: () => void
  onRemove: () => void
}

function Conversation({ conversation, current, onOpen, onRemove }: ConversationProps) {
  const [asking, setAsking] = useState(false)
  const { title, created_at, turns } = conversation
  if (asking) {
    return (
      <li className="conversation asking">
        <span>이 대화를 지울까요?</span>
        <button type="button" className="button small danger" autoFocus onClick={onRemove}>
          지우기
        </button>
        <button type="button" className="button small" onClick={() => setAsking(false)}>
          취소
        </button>
      </li>
    )
  }
  return (
    <li className={current ? 'conversation current' : 'conversation'}>
      <button type="button" className="conversation-open" onClick={onOpen} aria-current={current ? 'page' : undefined}>
        <span className="conversation-title">{title}</span>
        <span className="conversation-date">
          {day(created_at)} · 질문 {turns}개
        </span>
      </button>
      <button type="button" className="button quiet square" onClick={() => setAsking(true)} aria-label={`대화 지우기: ${title}`}>
        <Icon name="trash" size={16} />
      </button>
    </li>
  )
}
