import '../styles/admin.css'
import '../styles/admin-editor.css'
import '../styles/admin-collection.css'

import { useCallback, useEffect, useMemo, useState } from 'react'

import { askInChat } from '../chat/asked'
import { Header } from '../Header'
import { Problem, told } from '../http'
import { Icon } from '../icons'
import { useMarketStatus } from '../market-status'
import { NotificationBell } from '../notifications/NotificationBell'
import { useNotices } from '../notifications/useNotices'
import { AdminApi } from './api'
import { CollectionTab } from './CollectionTab'
import { AdminContext, type AdminWork, type Complaint } from './context'
import { ExampleEditor } from './ExampleEditor'
import { ExamplesTab } from './ExamplesTab'
import { TokenForm } from './TokenForm'
import { forgetToken, keepToken, keptToken } from './token'
import { TurnsTab } from './TurnsTab'
import type { ExampleStatus } from './types'

type Tab = 'turns' | ExampleStatus | 'collection'

const TABS: { tab: Tab; label: string }[] = [
  { tab: 'turns', label: '대화' },
  { tab: 'candidate', label: '후보' },
  { tab: 'verified', label: '검증된 예시' },
  { tab: 'retired', label: '보관' },
  { tab: 'collection', label: '수집' },
]
const UNSAVED = '저장하지 않은 변경이 있습니다. 버리고 나갈까요?'

/** Where turns are looked through, examples are made of them, and the collection is watched. */
export function AdminApp() {
  const [notices, store] = useNotices()
  const status = useMarketStatus(notices.arrivals)
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
  const work = useMemo<AdminWork | null>(
    () =>
      token === null
        ? null
        : {
            api: new AdminApi(token),
            complaint: (error): Complaint => {
              if (error instanceof Problem && error.status === 401) refuse(error.message)
              return { message: told(error), advice: error instanceof Problem ? error.advice : null }
            },
          },
    [token, refuse],
  )

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
            <Rooms arrivals={notices.arrivals} />
          </AdminContext>
        ) : (
          <TokenForm refused={refused} onToken={accept} />
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
      ) : (
        <ExamplesTab key={tab} status={tab} onOpen={open} />
      )}
    </>
  )
}
