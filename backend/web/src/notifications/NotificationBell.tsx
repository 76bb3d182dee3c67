import { useEffect, useState } from 'react'

import { Icon } from '../icons'
import { NotificationPanel } from './NotificationPanel'
import type { Notices, NotificationStore } from './store'
import { announcement } from './words'

/** How long an announcement stays, ms. */
const SHOWN_MS = 8_000

interface NotificationBellProps {
  store: NotificationStore
  notices: Notices
  /** Asks a question in the conversation; null while an answer is on its way. */
  onAsk: ((question: string) => void) | null
}

/** The bell with the number of unread events, what has just come, and the list behind it. */
export function NotificationBell({ store, notices, onAsk }: NotificationBellProps) {
  const [open, setOpen] = useState(false)
  const { unread, fresh } = notices
  const count = unread > 99 ? '99+' : String(unread)

  useEffect(() => {
    if (!fresh) return
    const timer = setTimeout(() => store.dismiss(), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [fresh, store])

  return (
    <>
      <button
        type="button" className="button quiet square bell" title="알림" aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="bell" />
        <span className="for-screen-readers">알림{unread > 0 && ', 읽지 않은 알림 '}</span>
        {unread > 0 && <span className="bell-count">{count}</span>}
        {unread > 0 && <span className="for-screen-readers">개</span>}
      </button>
      <div className="arrival" role="status" aria-live="polite">
        {fresh && !open && (
          <button type="button" className="arrival-card" onClick={() => setOpen(true)}>
            <Icon name="bell" size={16} />
            <span>{announcement(fresh)}</span>
            <Icon name="chevron" size={16} />
          </button>
        )}
      </div>
      {open && <NotificationPanel store={store} notices={notices} onAsk={onAsk} onClose={() => setOpen(false)} />}
    </>
  )
}
