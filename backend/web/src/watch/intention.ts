// The ETF that somebody wanted to watch when a login was needed first. It lies in the tab's own storage, never in the address, so
// that no link can make a person watch anything.

import type { Named } from './types'

const KEY = 'etf-atlas.watch'
/** A login takes minutes; what is older was given up. */
const AGE_LIMIT_MS = 30 * 60_000
const CODE = /^[0-9A-Z]{6}$/

export function intend({ code, name }: Named, now = Date.now(), storage: () => Storage = () => sessionStorage): void {
  try {
    storage().setItem(KEY, JSON.stringify({ code, name, at: now }))
  } catch (error) {
    console.warn('the ETF cannot be remembered', error)
  }
}

/** What was intended in this tab, once. */
export function takeIntention(now = Date.now(), storage: () => Storage = () => sessionStorage): Named | null {
  try {
    const found = JSON.parse(storage().getItem(KEY) ?? 'null') as { code?: unknown; name?: unknown; at?: unknown } | null
    storage().removeItem(KEY)
    if (typeof found?.code !== 'string' || !CODE.test(found.code) || typeof found.name !== 'string') return null
    return typeof found.at === 'number' && now - found.at < AGE_LIMIT_MS ? { code: found.code, name: found.name } : null
  } catch {
    return null
  }
}
