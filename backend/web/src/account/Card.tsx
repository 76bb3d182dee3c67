import type { ReactNode } from 'react'

import type { Loaded } from './useLoaded'

/** One part of the page of an account. */
export function Card({ id, title, lead, children }: { id: string; title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <section className="account-card" id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <h3 id={`${id}-title`}>{title}</h3>
      {lead && <p className="account-lead">{lead}</p>}
      {children}
    </section>
  )
}

/** What has been done, read out when it stands there. */
export function Done({ children }: { children: ReactNode }) {
  return (
    <p className="account-done" role="status">
      {children}
    </p>
  )
}

/** What stands for something that is not there, or not there yet. */
export function Unready<T>({ of, onRetry }: { of: Loaded<T>; onRetry: () => void }) {
  if (of.state === 'loading') return <p className="account-note">불러오는 중…</p>
  if (of.state === 'ready') return null
  return (
    <div className="account-note" role="alert">
      {of.detail}{' '}
      <button type="button" className="button small" onClick={onRetry}>
        다시 시도
      </button>
    </div>
  )
}
