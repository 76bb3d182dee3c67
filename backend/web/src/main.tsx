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
const admin = /^\/admin\/?$/.test(location.pathname)

const root = document.getElementById('root')
if (!root) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    {admin ? (
      <Suspense>
        <Admin />
      </Suspense>
    ) : (
      <App />
    )}
  </StrictMode>,
)
