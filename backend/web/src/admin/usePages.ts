import { useEffect, useState } from 'react'

import { type Complaint, useAdmin } from './context'
import { useLoaded } from './useLoaded'

/** A page of a list; `next` is where the following one begins, null after the last. */
export interface Page<T, Next> {
  items: T[]
  next: Next | null
}

export interface Pages<T> {
  items: T[]
  loading: boolean
  complaint: Complaint | null
  more: boolean
  loadMore: () => void
  /** Puts another in the place of every item, and leaves out those that become null. */
  replace: (change: (item: T) => T | null) => void
}

/** A list that is read page by page, from its beginning whenever `key` changes. */
export function usePages<T, Next>(
  key: string, load: (from: Next | null, signal?: AbortSignal) => Promise<Page<T, Next>>,
): Pages<T> {
  const { complaint } = useAdmin()
  const first = useLoaded(key, (signal) => load(null, signal))
  const [known, setKnown] = useState<Page<T, Next>>({ items: [], next: null })
  const [failed, setFailed] = useState<Complaint | null>(null)

  useEffect(() => {
    setFailed(null)
    if (first.value) setKnown(first.value)
  }, [first.value])

  const loadMore = () => {
    const from = known.next
    setFailed(null)
    load(from).then(
      // A second click may have brought the same page.
      (page) => setKnown((seen) => (seen.next === from ? { items: [...seen.items, ...page.items], next: page.next } : seen)),
      (error: unknown) => setFailed(complaint(error)),
    )
  }
  const replace = (change: (item: T) => T | null) =>
    setKnown((seen) => ({ ...seen, items: seen.items.map(change).filter((item) => item !== null) }))

  return {
    items: known.items, loading: first.loading, complaint: failed ?? first.complaint, more: known.next !== null, loadMore, replace,
  }
}
