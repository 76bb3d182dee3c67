import { useEffect, useState } from 'react'

import { Icon } from '../icons'
import { NotificationPanel } from './NotificationPanel'
import type { Notices, NotificationStore } from './store'
import { isOwn } from './types'
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
  const { unread, fresh, personal, items, readUntil } = notices
  const count = unread > 99 ? '99+' : String(unread)

  useEffect(() => {
    if (!fresh) return
    const timer = setTimeout(() => store.dismiss(), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [fresh, store])

  const look = () => {
    // What is one's own and has not been read comes before what everybody is told.
    const filter = personal && items.some((event) => isOwn(event) && event.id > readUntil) ? 'mine' : 'all'
    if (notices.state === 'ready') store.show(filter).catch((error: unknown) => console.info('the list is not there', error))
    setOpen(true)
  }

  return (
    <>
      <button
        type="button" className="button quiet square bell" title="알림" aria-haspopup="dialog"
        onClick={look}
      >
        <Icon name="bell" />
        <span className="for-screen-readers">알림{unread > 0 && ', 읽지 않은 알림 '}</span>
        {unread > 0 && <span className="bell-count">{count}</span>}
        {unread > 0 && <span className="for-screen-readers">개</span>}
      </button>
      <div className="arrival" role="status" aria-live="polite">
        {fresh && !open && (
          <div className="arrival-box">
            <button type="button" className="arrival-card" onClick={look}>
              <Icon name="bell" size={16} />
              <span>{announcement(fresh)}</span>
            </button>
            <button type="button" className="button quiet square" aria-label="나중에 보기" title="나중에 보기" onClick={() => store.dismiss()}>
              <Icon name="close" size={16} />
            </button>
          </div>
        )}
      </div>
      {open && <NotificationPanel store={store} notices={notices} onAsk={onAsk} onClose={() => setOpen(false)} />}
    </>
  )
}
