import '../styles/admin.css'
import '../styles/admin-editor.css'
import '../styles/admin-collection.css'
import '../styles/admin-people.css'

import { useCallback, useEffect, useMemo, useState } from 'react'

import { refreshSession, useSession } from '../account/session'
import { askInChat } from '../chat/asked'
import { Header } from '../Header'
import { Problem, told } from '../http'
import { Icon } from '../icons'
import { useMarketStatus } from '../market-status'
import { NotificationBell } from '../notifications/NotificationBell'
import { useNotices } from '../notifications/useNotices'
import { AdminApi } from './api'
import { AuditTab } from './AuditTab'
import { CollectionTab } from './CollectionTab'
import { AdminContext, type AdminWork, type Complaint } from './context'
import { ExampleEditor } from './ExampleEditor'
import { ExamplesTab } from './ExamplesTab'
import { Gate } from './Gate'
import { forgetToken, keepToken, keptToken } from './token'
import { TurnsTab } from './TurnsTab'
import type { ExampleStatus } from './types'
import { UsersTab } from './UsersTab'
import { WebhooksTab } from './WebhooksTab'

type Tab = 'turns' | ExampleStatus | 'collection' | 'users' | 'webhooks' | 'audit'

const TABS: { tab: Tab; label: string }[] = [
  { tab: 'turns', label: '대화' },
  { tab: 'candidate', label: '후보' },
  { tab: 'verified', label: '검증된 예시' },
  { tab: 'retired', label: '보관' },
  { tab: 'collection', label: '수집' },
  { tab: 'users', label: '사용자' },
  { tab: 'webhooks', label: '웹훅' },
  { tab: 'audit', label: '기록' },
]
const UNSAVED = '저장하지 않은 변경이 있습니다. 버리고 나갈까요?'

/** Where administrators look through turns, make examples of them, watch the collection, and look after accounts. */
export function AdminApp() {
  const [notices, store] = useNotices()
  const status = useMarketStatus(notices.arrivals)
  const session = useSession()
  const [token, setToken] = useState(keptToken)
  const [refused, setRefused] = useState<string | null>(null)

  const refuse = useCallback((message: string) => {
    forgetToken()
    setToken(null)
    setRefused(message)
  }, [])
  const accept = (given: string) => {
    keepToken(given)
    setRefused(null)
    setToken(given)
  }
  // What an administrator who is signed in does is recorded under their own name, even where a token is kept.
  const self = session.person?.role === 'admin' ? session.person.id : null
  const work = useMemo<AdminWork | null>(() => {
    if (session.state === 'loading' || (self === null && token === null)) return null
    return {
      api: new AdminApi(self === null ? token : null),
      self,
      complaint: (error): Complaint => {
        const status = error instanceof Problem ? error.status : null
        if (status === 401 || status === 403) {
          if (self === null) refuse(told(error))
          else void refreshSession()
        }
        return { message: told(error), advice: error instanceof Problem ? error.advice : null }
      },
    }
  }, [session.state, self, token, refuse])

  useEffect(() => {
    document.title = '관리 · ETF Atlas'
  }, [])

  return (
    <>
      <Header status={status}>
        <NotificationBell store={store} notices={notices} onAsk={askInChat} />
        <a className="button quiet" href="/">
          <Icon name="chat" />
          <span>질문 화면</span>
        </a>
      </Header>
      <main className="admin">
        <h2 className="for-screen-readers">관리</h2>
        {work ? (
          <AdminContext value={work}>
            {self === null && (
              <p className="by-token">
                관리자 토큰으로 들어와 있습니다.{' '}
                <button type="button" className="link" onClick={() => (forgetToken(), setToken(null))}>
                  나가기
                </button>
              </p>
            )}
            <Rooms arrivals={notices.arrivals} />
          </AdminContext>
        ) : (
          <Gate session={session} refused={refused} onToken={accept} />
        )}
      </main>
    </>
  )
}

function Rooms({ arrivals }: { arrivals: number }) {
  const [tab, setTab] = useState<Tab>('turns')
  const [exampleId, setExampleId] = useState<string | null>(null)
  const [unsaved, setUnsaved] = useState(false)

  useEffect(() => {
    if (!unsaved) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [unsaved])

  const leave = (go: () => void) => {
    if (unsaved && !window.confirm(UNSAVED)) return
    setUnsaved(false)
    go()
  }
  const open = (id: string) => leave(() => setExampleId(id))

  return (
    <>
      <nav className="tabs" aria-label="관리">
        {TABS.map(({ tab: other, label }) => (
          <button
            type="button" key={other} aria-current={other === tab ? 'page' : undefined}
            onClick={() => leave(() => (setTab(other), setExampleId(null)))}
          >
            {label}
          </button>
        ))}
      </nav>
      {exampleId !== null ? (
        <ExampleEditor
          key={exampleId} id={exampleId} onUnsaved={setUnsaved} onBack={() => leave(() => setExampleId(null))}
          onMoved={setTab}
        />
      ) : tab === 'turns' ? (
        <TurnsTab onOpen={open} />
      ) : tab === 'collection' ? (
        <CollectionTab arrivals={arrivals} />
      ) : tab === 'users' ? (
        <UsersTab />
      ) : tab === 'webhooks' ? (
        <WebhooksTab />
      ) : tab === 'audit' ? (
        <AuditTab />
      ) : (
        <ExamplesTab key={tab} status={tab} onOpen={open} />
      )}
    </>
  )
}
