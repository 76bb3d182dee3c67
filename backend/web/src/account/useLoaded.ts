import { useCallback, useEffect, useState } from 'react'

import { told } from '../http'

export type Loaded<T> = { state: 'loading' } | { state: 'ready'; value: T } | { state: 'failed'; detail: string }

/** What `load` gives; the returned function loads it anew and keeps what was there until then. `load` has to stay the same. */
export function useLoaded<T>(load: (signal?: AbortSignal) => Promise<T>): [Loaded<T>, () => Promise<void>] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: 'loading' })
  const again = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const value = await load(signal)
        setLoaded({ state: 'ready', value })
      } catch (error) {
        if (!signal?.aborted) setLoaded({ state: 'failed', detail: told(error) })
      }
    },
    [load],
  )
  useEffect(() => {
    const controller = new AbortController()
    void again(controller.signal)
    return () => controller.abort()
  }, [again])
  return [loaded, useCallback(() => again(), [again])]
}
