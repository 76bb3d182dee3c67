// The requests of the pages of accounts.

import { json, request } from '../http'
import { sessionChanged, sessionLeft } from './session'
import type { ApiToken, Device, Me, NewApiToken, QuietHours, TestResult, Webhook } from './types'

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

/** Changes the account; what is not given stays. Throws Problem. */
export async function changeMe(changed: { name?: string; quiet_hours?: QuietHours | null }): Promise<void> {
  await request('/api/me', { method: 'PATCH', body: changed })
  await sessionChanged()
}

/** Changes the password; the other devices are signed out. Throws Problem. */
export async function changePassword(current: string, chosen: string): Promise<void> {
  await request('/api/me/password', { method: 'POST', body: { current, new: chosen } })
}

/** Everything that is stored of the person, as a file. Throws Problem. */
export async function myData(): Promise<Blob> {
  return (await request('/api/me/export')).blob()
}

/** Deletes the account and all that is the person's; every tab forgets them. Throws Problem. */
export async function deleteAccount(password: string): Promise<void> {
  await request('/api/me', { method: 'DELETE', body: { password } })
  sessionLeft()
}

export async function devices(signal?: AbortSignal): Promise<Device[]> {
  return (await json<{ items: Device[] }>('/api/me/sessions', signal ? { signal } : {})).items
}

export async function endDevice(id: string): Promise<void> {
  await request(`/api/me/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export async function endOtherDevices(): Promise<void> {
  await request('/api/me/sessions', { method: 'DELETE' })
}

export async function tokens(signal?: AbortSignal): Promise<ApiToken[]> {
  return (await json<{ items: ApiToken[] }>('/api/me/tokens', signal ? { signal } : {})).items
}

/** Makes a token that lasts `days` days, or until it is revoked. Throws Problem. */
export function makeToken(name: string, days: number | null): Promise<NewApiToken> {
  return json<NewApiToken>('/api/me/tokens', { method: 'POST', body: { name, ...(days !== null && { days }) } })
}

export async function revokeToken(id: string): Promise<void> {
  await request(`/api/me/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export function webhook(signal?: AbortSignal): Promise<Webhook> {
  return json<Webhook>('/api/me/discord', signal ? { signal } : {})
}

export async function setWebhook(address: string): Promise<void> {
  await request('/api/me/discord', { method: 'PUT', body: { address } })
}

export async function removeWebhook(): Promise<void> {
  await request('/api/me/discord', { method: 'DELETE' })
}

export function testWebhook(): Promise<TestResult> {
  return json<TestResult>('/api/me/discord/test', { method: 'POST' })
}
