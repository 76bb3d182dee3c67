import { type ReactNode, useEffect } from 'react'

import { askInChat } from './chat/asked'
import { Header } from './Header'
import { Icon } from './icons'
import { useMarketStatus } from './market-status'
import { NotificationBell } from './notifications/NotificationBell'
import type { Notices, NotificationStore } from './notifications/store'

interface SidePageProps {
  /** The window's title, before the name of the product. */
  title: string
  /** What the link for keyboards leads to. */
  id: string
  className: string
  notices: Notices
  store: NotificationStore
  children: ReactNode
}

/** What stands around every page beside the chat: the header with bell and way back, and the title of the window. */
export function SidePage({ title, id, className, notices, store, children }: SidePageProps) {
  const status = useMarketStatus(notices.arrivals)
  useEffect(() => {
    document.title = `${title} · ETF Atlas`
  }, [title])
  return (
    <>
      <a className="skip-link" href={`#${id}`}>
        본문으로 건너뛰기
      </a>
      <Header status={status}>
        <NotificationBell store={store} notices={notices} onAsk={askInChat} />
        <a className="button quiet" href="/">
          <Icon name="chat" />
          <span>질문 화면</span>
        </a>
      </Header>
      <main className={className} id={id}>
        {children}
      </main>
    </>
  )
}
