// The requests of the pages of accounts.

import { json, request } from '../http'
import { sessionChanged, sessionLeft } from './session'
import type { Me } from './types'

/** Opens a session in this browser. Throws Problem. */
export async function signIn(email: string, password: string): Promise<Me> {
  const me = await json<Me>('/api/auth/login', { method: 'POST', body: { email, password } })
  await sessionChanged()
  return me
}

/** Ends this browser's session; every tab forgets the person. Throws Problem. */
export async function signOut(): Promise<void> {
  await request('/api/auth/logout', { method: 'POST' })
  sessionLeft()
}
