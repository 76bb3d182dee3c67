// The ETFs whose alerts were switched off on this page: every card about one of them offers to take that back.

import { useCallback, useSyncExternalStore } from 'react'

const muted = new Set<string>()
const listeners = new Set<() => void>()

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useMuted(code: string): boolean {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => muted.has(code), [code]),
  )
}

export function setMuted(code: string, off: boolean): void {
  if (off) muted.add(code)
  else muted.delete(code)
  for (const listener of listeners) listener()
}
