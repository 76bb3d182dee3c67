import { useEffect, useState } from 'react'

import { Drawer } from '../Drawer'
import { told } from '../http'
import { NotificationCard } from './NotificationCard'
import type { Filter, Notices, NotificationStore } from './store'

const FILTERS: { filter: Filter; label: string }[] = [
  { filter: 'all', label: '전체' },
  { filter: 'mine', label: '내 알림' },
]

interface NotificationPanelProps {
  store: NotificationStore
  notices: Notices
  onAsk: ((question: string) => void) | null
  onClose: () => void
}

/** What was collected and what changed, newest first, in a drawer, for a person also in what they watch. Looking at it marks it as read. */
export function NotificationPanel({ store, notices, onAsk, onClose }: NotificationPanelProps) {
  const [problem, setProblem] = useState<string | null>(null)
  const [loading, setLoading] = useState(false)
  // What was unread when the drawer was opened stays marked while it is open.
  const [readBefore] = useState(notices.readUntil)
  const { state, items, more, newest, live, personal, filter } = notices

  useEffect(() => {
    store.markRead().catch((error: unknown) => setProblem(told(error)))
  }, [store, newest])

  const loadMore = () => {
    setProblem(null)
    setLoading(true)
    store
      .loadMore()
      .catch((error: unknown) => setProblem(told(error)))
      .finally(() => setLoading(false))
  }

  const show = (chosen: Filter) => {
    setProblem(null)
    store.show(chosen).catch((error: unknown) => setProblem(told(error)))
  }

  return (
    <Drawer title="알림" side="right" onClose={onClose}>
      {personal && (
        <div className="segments" role="group" aria-label="보일 알림">
          {FILTERS.map(({ filter: other, label }) => (
            <button type="button" key={other} aria-pressed={other === filter} onClick={() => show(other)}>
              {label}
            </button>
          ))}
        </div>
      )}
      {problem && <p className="drawer-note" role="alert">{problem}</p>}
      {state !== 'ready' && (
        <p className="drawer-note" role="status">
          {state === 'away' ? '서버에 연결할 수 없습니다. 다시 연결하고 있습니다.' : '알림을 불러오는 중…'}
        </p>
      )}
      {state === 'ready' && !live && <p className="drawer-note">실시간 연결이 끊겨 다시 연결하는 중입니다.</p>}
      {state === 'ready' && items.length === 0 && (
        <p className="drawer-note">
          {filter === 'mine' ? (
            <>
              아직 내 알림이 없습니다. <a href="/watchlist">관심 목록</a>에 담은 ETF가 바뀌면 여기에 알려 드립니다.
            </>
          ) : (
            '아직 알림이 없습니다. 시장 자료가 들어오면 무엇이 바뀌었는지 여기에 알려 드립니다.'
          )}
        </p>
      )}
      <ol className="notifications" tabIndex={0} aria-label="알림 목록">
        {items.map((event) => (
          <li key={event.id}>
            <NotificationCard
              event={event} unread={event.id > readBefore}
              onAsk={
                onAsk &&
                ((question) => {
                  onClose()
                  onAsk(question)
                })
              }
            />
          </li>
        ))}
        {more && (
          <li className="notifications-more">
            <button type="button" className="button" onClick={loadMore} disabled={loading}>
              {loading ? '불러오는 중…' : '지난 알림 더 보기'}
            </button>
          </li>
        )}
      </ol>
    </Drawer>
  )
}
