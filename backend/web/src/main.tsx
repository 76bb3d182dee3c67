import './styles/tokens.css'
import './styles/base.css'
import './styles/chat.css'
import './styles/answer.css'
import './styles/table.css'
import './styles/drawer.css'

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './App'

const root = document.getElementById('root')
if (!root) throw new Error('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
