import { useEffect, useRef, useState, useSyncExternalStore } from 'react'

import { ConversationStore, type Shown } from './store'

/** The conversation that an address stands for: /c/ID. */
export function threadIdOf(path: string): string | null {
  const found = /^\/c\/([^/]+)\/?$/.exec(path)?.[1]
  try {
    return found === undefined ? null : decodeURIComponent(found)
  } catch {
    return null
  }
}

/** The conversations of this tab; the shown one stands in the address, so that reloading and going back find it. */
export function useConversations(): [ConversationStore, Shown] {
  const [store] = useState(() => new ConversationStore(threadIdOf(location.pathname)))
  const shown = useSyncExternalStore(store.subscribe, store.snapshot)
  const { thread } = shown
  const previous = useRef(thread.id)
  const empty = thread.state === 'ready' && thread.turns.length === 0
  const path = empty ? '/' : `/c/${encodeURIComponent(thread.id)}`
  const title = thread.turns[0]?.question

  useEffect(() => store.start(), [store])
  useEffect(() => {
    const go = () => store.open(threadIdOf(location.pathname))
    window.addEventListener('popstate', go)
    return () => window.removeEventListener('popstate', go)
  }, [store])
  useEffect(() => {
    const same = previous.current === thread.id
    previous.current = thread.id
    if (location.pathname === path) return
    if (same) history.replaceState(null, '', path)
    else history.pushState(null, '', path)
  }, [thread.id, path])
  useEffect(() => {
    document.title = title ? `${title.slice(0, 60)} · ETF Atlas` : 'ETF Atlas'
  }, [title])

  return [store, shown]
}
