import { useEffect, useRef, useState } from 'react'

import { told } from '../http'
import { getWatchlist, markSeen } from './api'
import type { WatchedEtf, Watchlist } from './types'
import { during, keepVisit, keptVisit, type Visit, visitOf } from './visit'
import { useWatchlistMoment } from './watched'

/** Shorter than this nobody has read anything. */
const LOOK_MS = 1_500

export type Loaded =
  | { state: 'loading' }
  | { state: 'failed'; detail: string }
  /** `gone` are those that were taken off the list during this visit. */
  | { state: 'ready'; list: Watchlist; gone: WatchedEtf[]; again: () => void }

/** A person's watchlist, fetched again when data arrives or the list is changed anywhere; null has none. */
export function useWatchlist(person: string | null, arrivals: number): Loaded {
  const moment = useWatchlistMoment()
  const [again, setAgain] = useState(0)
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' })
  const visit = useRef<Visit | null>(null)

  useEffect(() => {
    if (person === null) return
    const controller = new AbortController()
    visit.current ??= keptVisit()
    getWatchlist(controller.signal)
      .then((fresh) => {
        const list = during(visit.current, person, fresh)
        setLoaded((before) => ({ state: 'ready', list, gone: goneFrom(before, list), again: () => setAgain((count) => count + 1) }))
      })
      .catch((error: unknown) => {
        // What is in sight stays in sight: the next event or the next look tries again.
        if (!controller.signal.aborted) setLoaded((before) => (before.state === 'ready' ? before : { state: 'failed', detail: told(error) }))
      })
    return () => controller.abort()
  }, [person, arrivals, moment, again])

  const list = loaded.state === 'ready' ? loaded.list : null
  useVisitEnd(list, () => {
    if (person === null || !list) return
    visit.current = visitOf(person, list)
    keepVisit(visit.current)
    if (list.as_of !== list.seen_date) markSeen(list.as_of).catch(() => undefined)
  })
  return loaded
}

function goneFrom(before: Loaded, list: Watchlist): WatchedEtf[] {
  if (before.state !== 'ready') return []
  const here = new Set(list.items.map(({ etf }) => etf.code))
  return [...before.list.items, ...before.gone].filter(({ etf }) => !here.has(etf.code))
}

/** Calls `end` when a page that showed the list long enough to be read is left or hidden. */
function useVisitEnd(list: Watchlist | null, end: () => void): void {
  const latest = useRef(end)
  latest.current = end
  const ready = list !== null
  useEffect(() => {
    if (!ready) return
    let looked = false
    let timer = 0
    const watch = () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') timer = window.setTimeout(() => (looked = true), LOOK_MS)
    }
    const leave = () => {
      if (looked) latest.current()
      looked = false
    }
    const change = () => (document.visibilityState === 'hidden' ? leave() : watch())
    watch()
    document.addEventListener('visibilitychange', change)
    window.addEventListener('pagehide', leave)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', change)
      window.removeEventListener('pagehide', leave)
    }
  }, [ready])
}
