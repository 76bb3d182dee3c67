// Who is signed in in this browser: asked once for the whole page, and again when another tab says that it changed.

import { useSyncExternalStore } from 'react'

import { json, onSessionEnd } from '../http'
import type { Me } from './types'

export { signInAddress } from './next'

export interface Session {
  /** `away`: the server could not be asked. */
  state: 'loading' | 'nobody' | 'person' | 'away'
  person: Me | null
  /** Whether people make their accounts themselves here; unknown before the server has answered. */
  registration?: 'open' | 'closed'
}

type Answer = Pick<Session, 'person' | 'registration'>

type TabMessage =
  /** Somebody signed in, or changed their account. */
  | { kind: 'changed' }
  /** The person signed out: nothing of theirs may stay in sight. */
  | { kind: 'left' }

const RETRY_MS = 5_000
/** A page that is looked at again asks again, but not more often than this. */
const STALE_MS = 15_000
/** What stays in this browser whoever uses it. */
const KEPT = new Set(['etf-atlas.theme'])

let session: Session = { state: 'loading', person: null }
let asked = 0
let askedAt = 0
let leaving = false
let channel: BroadcastChannel | null = null
const listeners = new Set<() => void>()

/** Who is signed in, kept up to date. */
export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session)
}

/** Asks the server again who is signed in. Never throws: what was known stays where it does not answer. */
export async function refreshSession(): Promise<void> {
  const number = ++asked
  askedAt = Date.now()
  let next: Session
  try {
    const answer = await json<Answer>('/api/auth/session', { cache: 'no-store' })
    next = { ...answer, state: answer.person ? 'person' : 'nobody' }
  } catch {
    next = session.state === 'loading' ? { state: 'away', person: null } : session
  }
  // An older question's answer says nothing about this moment.
  if (number !== asked || leaving) return
  if (session.person && session.person.id !== next.person?.id) return leave()
  show(next)
  if (next.state === 'away') setTimeout(() => session.state === 'away' && void refreshSession(), RETRY_MS)
}

/** Somebody signed in here, or changed their account: this tab and the others take notice. */
export async function sessionChanged(): Promise<void> {
  channel?.postMessage({ kind: 'changed' } satisfies TabMessage)
  await refreshSession()
}

/** The person signed out here: every tab forgets them, and this one goes to the first page. */
export function sessionLeft(): void {
  channel?.postMessage({ kind: 'left' } satisfies TabMessage)
  leave('/')
}

/** Loads the page anew, so that nothing of a person who has gone stays in its memory. */
function leave(address = location.pathname.startsWith('/c/') ? '/' : null): void {
  if (leaving) return
  leaving = true
  forgetStored()
  show({ state: 'loading', person: null })
  if (address === null) location.reload()
  else location.replace(address)
}

function forgetStored(): void {
  for (const storage of [() => localStorage, () => sessionStorage]) {
    try {
      for (const key of Object.keys(storage())) if (key.startsWith('etf-atlas') && !KEPT.has(key)) storage().removeItem(key)
    } catch (error) {
      console.info('this browser keeps nothing', error)
    }
  }
}

function subscribe(listener: () => void): () => void {
  if (!channel) begin()
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function begin(): void {
  channel = new BroadcastChannel('etf-atlas-session')
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.kind === 'changed') void refreshSession()
    else if (session.state !== 'nobody') leave()
  }
  onSessionEnd(() => void (session.person && refreshSession()))
  const again = () => document.visibilityState === 'visible' && Date.now() - askedAt > STALE_MS && void refreshSession()
  document.addEventListener('visibilitychange', again)
  window.addEventListener('online', again)
  // A page out of the back-forward cache shows what was true when it was left.
  window.addEventListener('pageshow', ({ persisted }) => persisted && void refreshSession())
  void refreshSession()
}

function show(next: Session): void {
  session = next
  for (const listener of listeners) listener()
}
