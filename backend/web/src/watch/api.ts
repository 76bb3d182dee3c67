// The watchlist of whoever is signed in, at the server.

import { json, request } from '../http'
import type { Pasted, Watch, Watchlist, WatchSettings } from './types'

const LIST = '/api/watchlist'
const one = (code: string) => `${LIST}/${encodeURIComponent(code)}`

export function getWatchlist(signal?: AbortSignal): Promise<Watchlist> {
  return json<Watchlist>(LIST, signal ? { signal } : {})
}

/** The codes of all watched ETFs. */
export async function getCodes(): Promise<string[]> {
  return (await json<{ codes: string[] }>(`${LIST}/codes`)).codes
}

/** The settings of one watch. Throws a Problem of status 404 where the ETF is not watched. */
export function getWatch(code: string): Promise<Watch> {
  return json<Watch>(one(code))
}

/** Watches an ETF, or changes what is given of its watch. */
export function putWatch(code: string, settings: Partial<WatchSettings> = {}): Promise<Watch> {
  return json<Watch>(one(code), { method: 'PUT', body: settings })
}

export async function removeWatch(code: string): Promise<void> {
  await request(one(code), { method: 'DELETE' })
}

/** Reads a list of names and codes that was copied from somewhere, line by line. */
export function findPasted(text: string): Promise<Pasted> {
  return json<Pasted>(`${LIST}/find`, { method: 'POST', body: { text } })
}

export function addMany(codes: string[]): Promise<{ added: string[]; present: string[] }> {
  return json(`${LIST}/many`, { method: 'POST', body: { codes } })
}

/** Changes what is given of many watches; those that are none are left out. */
export async function changeMany(codes: string[], settings: Partial<WatchSettings>): Promise<string[]> {
  return (await json<{ changed: string[] }>(LIST, { method: 'PATCH', body: { codes, ...settings } })).changed
}

/** Ends the visit: what changes after `asOf`, the date that was looked at, is news. The request outlives the page. */
export async function markSeen(asOf: string | null): Promise<void> {
  await request(`${LIST}/seen`, { method: 'POST', body: { as_of: asOf }, keepalive: true })
}
