// The one watchlist of this page, bound to its session.

import { useCallback, useSyncExternalStore } from 'react'

import { refreshSession, signInAddress } from '../account/session'
import * as api from './api'
import { openChannel, WatchStore } from './store'

export const watchStore = new WatchStore({
  api,
  channel: openChannel,
  signIn: () => location.assign(signInAddress()),
  signingIn: () => /^\/(login|register)\/?$/.test(location.pathname),
  signedOut: () => void refreshSession(),
})

/** Whether the ETF is watched; a component is drawn again only when that changes. */
export function useWatched(code: string): boolean {
  return useSyncExternalStore(
    watchStore.subscribe,
    useCallback(() => watchStore.has(code), [code]),
  )
}

/** Grows whenever the list was changed, here or in another tab. */
export function useWatchlistMoment(): number {
  return useSyncExternalStore(watchStore.subscribe, watchStore.moment)
}
