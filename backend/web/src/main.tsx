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

import { type ComponentType, lazy, type LazyExoticComponent, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './App'

type Page = LazyExoticComponent<ComponentType<{ code: string }>>

/** The pages beside the chat by the form of their address; what stands in its brackets is the page's `code`. */
const PAGES: [RegExp, Page][] = [
  [/^\/etf\/([0-9A-Za-z]{6})\/?$/, lazy(() => import('./etf/EtfPage').then((module) => ({ default: module.EtfPage })))],
  [/^\/admin\/?$/, lazy(() => import('./admin/AdminApp').then((module) => ({ default: module.AdminApp })))],
  [/^\/docs\/?$/, lazy(() => import('./api-docs/ApiDocs').then((module) => ({ default: module.ApiDocs })))],
]

function Routed() {
  for (const [form, Page] of PAGES) {
    const address = form.exec(location.pathname)
    if (address) return <Page code={address[1]?.toUpperCase() ?? ''} />
  }
  return <App />
}

const root = document.getElementById('root')
if (!root) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <Suspense>
      <Routed />
    </Suspense>
  </StrictMode>,
)
