import '../styles/account.css'

import { type ReactNode, useEffect } from 'react'

import { askInChat } from '../chat/asked'
import { Header } from '../Header'
import { Icon } from '../icons'
import { useMarketStatus } from '../market-status'
import { NotificationBell } from '../notifications/NotificationBell'
import { useNotices } from '../notifications/useNotices'

/** What stands around the pages of accounts: the header, and the title of the window. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const [notices, store] = useNotices()
  const status = useMarketStatus(notices.arrivals)
  useEffect(() => {
    document.title = `${title} · ETF Atlas`
  }, [title])
  return (
    <>
      <a className="skip-link" href="#content">
        본문으로 건너뛰기
      </a>
      <Header status={status}>
        <NotificationBell store={store} notices={notices} onAsk={askInChat} />
        <a className="button quiet" href="/">
          <Icon name="chat" />
          <span>질문 화면</span>
        </a>
      </Header>
      <main id="content" className="account-main">
        {children}
      </main>
    </>
  )
}
