import { useEffect, useState } from 'react'

import { json, told } from '../http'
import type { Hit, Kind } from './hits'

const PAUSE_MS = 120
const MOST = 8

export type Found = { state: 'idle' } | { state: 'ready'; hits: Hit[] } | { state: 'failed'; detail: string }

/** What the server finds for a text, of one kind where only that is wanted; while one types the hits of the text before stay. */
export function useHits(text: string, only?: Kind): Found {
  const [found, setFound] = useState<Found>({ state: 'idle' })
  const query = text.trim()
  useEffect(() => {
    if (!query) {
      setFound({ state: 'idle' })
      return
    }
    const controller = new AbortController()
    const timer = setTimeout(() => {
      json<{ hits: Hit[] }>(`/api/search?q=${encodeURIComponent(query)}&limit=${MOST}${only ? `&kind=${only}` : ''}`, { signal: controller.signal })
        .then(({ hits }) => setFound({ state: 'ready', hits }))
        .catch((error: unknown) => controller.signal.aborted || setFound({ state: 'failed', detail: told(error) }))
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [query, only])
  return found
}
