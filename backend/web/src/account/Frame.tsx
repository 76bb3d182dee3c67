import '../styles/account.css'

import type { ReactNode } from 'react'

import { useNotices } from '../notifications/useNotices'
import { SidePage } from '../SidePage'

/** What stands around the pages of accounts. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const [notices, store] = useNotices()
  return (
    <SidePage title={title} id="content" className="account-main" notices={notices} store={store}>
      {children}
    </SidePage>
  )
}
