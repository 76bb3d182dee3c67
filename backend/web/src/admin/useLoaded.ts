import { useEffect, useState } from 'react'

import { type Complaint, useAdmin } from './context'

export interface Loaded<T> {
  value: T | null
  loading: boolean
  complaint: Complaint | null
}

/** What `load` gives, loaded again when `key` changes; the last value stays until then. Typing is awaited for 200 ms. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const { complaint } = useAdmin()
  const [state, setState] = useState<Loaded<T>>({ value: null, loading: true, complaint: null })
  useEffect(() => {
    const controller = new AbortController()
    setState((seen) => ({ ...seen, loading: true, complaint: null }))
    const timer = setTimeout(() => {
      load(controller.signal).then(
        (value) => controller.signal.aborted || setState({ value, loading: false, complaint: null }),
        (error: unknown) =>
          controller.signal.aborted || setState((seen) => ({ ...seen, loading: false, complaint: complaint(error) })),
      )
    }, 200)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
    // `load` is made anew with every drawing; `key` says what it depends on.
  }, [key, complaint])
  return state
}
