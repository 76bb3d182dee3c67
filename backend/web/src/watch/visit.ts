// A visit to the watchlist: what was news when it began stays news until it is over, also when the page is loaded again.

import type { Watchlist, WatchNews } from './types'

const KEY = 'etf-atlas.visit'
/** Who comes back later than this comes for what is new. */
const BREAK_MS = 30 * 60_000

export interface Visit {
  person: string
  as_of: string | null
  seen_at: string | null
  seen_date: string | null
  news: Record<string, WatchNews | null>
  at: number
}

export function visitOf(person: string, list: Watchlist, now = Date.now()): Visit {
  const news = Object.fromEntries(list.items.map((item) => [item.etf.code, item.news]))
  return { person, as_of: list.as_of, seen_at: list.seen_at, seen_date: list.seen_date, news, at: now }
}

/** The server's list as this visit sees it: while no newer data came, what was news when the visit began still is. */
export function during(visit: Visit | null, person: string, fresh: Watchlist): Watchlist {
  if (!visit || visit.person !== person || visit.as_of !== fresh.as_of) return fresh
  return {
    ...fresh,
    seen_at: visit.seen_at,
    seen_date: visit.seen_date,
    items: fresh.items.map((item) => ({ ...item, news: visit.news[item.etf.code] ?? item.news })),
  }
}

export function keepVisit(visit: Visit): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(visit))
  } catch (error) {
    console.info('the visit cannot be kept', error)
  }
}

export function keptVisit(now = Date.now()): Visit | null {
  try {
    const visit = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as Visit | null
    return visit && now - visit.at < BREAK_MS ? visit : null
  } catch {
    return null
  }
}
