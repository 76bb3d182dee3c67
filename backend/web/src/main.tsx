import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/chat.css'
import './styles/answer.css'
import './styles/evidence.css'
import './styles/feedback.css'
import './styles/table.css'
import './styles/conversations.css'
import './styles/notifications.css'

import { lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './App'

const Admin = lazy(() => import('./admin/AdminApp').then(({ AdminApp }) => ({ default: AdminApp })))
const EtfPage = lazy(() => import('./etf/EtfPage').then((module) => ({ default: module.EtfPage })))
const admin = /^\/admin\/?$/.test(location.pathname)
const etfCode = /^\/etf\/([0-9A-Za-z]{6})\/?$/.exec(location.pathname)?.[1]?.toUpperCase()

const root = document.getElementById('root')
if (!root) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    {admin ? (
      <Suspense>
        <Admin />
      </Suspense>
    ) : etfCode ? (
      <Suspense>
        <EtfPage code={etfCode} />
      </Suspense>
    ) : (
      <App />
    )}
  </StrictMode>,
)
