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
import { WatchAnnouncer } from './watch/WatchAnnouncer'

type Page = LazyExoticComponent<ComponentType<{ code: string }>>

/** The pages beside the chat by the form of their address; what stands in its brackets is the page's `code`. */
const PAGES: [RegExp, Page][] = [
  [/^\/etf\/([0-9A-Za-z]{6})\/?$/, lazy(() => import('./etf/EtfPage').then((module) => ({ default: module.EtfPage })))],
  [/^\/watchlist\/?$/, lazy(() => import('./watch/WatchlistPage').then((module) => ({ default: module.WatchlistPage })))],
  [/^\/login\/?$/, lazy(() => import('./account/SignInPage').then((module) => ({ default: module.SignInPage })))],
  [/^\/register\/?$/, lazy(() => import('./account/RegisterPage').then((module) => ({ default: module.RegisterPage })))],
  [/^\/account\/?$/, lazy(() => import('./account/AccountPage').then((module) => ({ default: module.AccountPage })))],
  [/^\/unsubscribe\/?$/, lazy(() => import('./unsubscribe/UnsubscribePage').then((module) => ({ default: module.UnsubscribePage })))],
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
    <WatchAnnouncer />
  </StrictMode>,
)
