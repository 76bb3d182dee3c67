import { useEffect, useState } from 'react'

import { json, Problem, told } from '../http'

export type Answer<T> =
  | { state: 'loading' }
  | { state: 'ready'; value: T }
  /** The server has nothing of the kind: no basket that early, no such code. */
  | { state: 'none'; detail: string }
  | { state: 'failed'; detail: string }

/** The server's answer to an address; null asks nothing. `moment` asks again when it changes, and shows the old answer meanwhile. */
export function useAnswer<T>(path: string | null, moment: unknown = null): Answer<T> {
  const [answer, setAnswer] = useState<{ path: string | null; answer: Answer<T> }>({ path, answer: { state: 'loading' } })
  useEffect(() => {
    if (path === null) return
    const controller = new AbortController()
    json<T>(path, { signal: controller.signal })
      .then((value): Answer<T> => ({ state: 'ready', value }))
      .catch((error: unknown): Answer<T> => {
        const state = error instanceof Problem && error.status === 404 ? 'none' : 'failed'
        return { state, detail: controller.signal.aborted ? '' : told(error) }
      })
      .then((next) => controller.signal.aborted || setAnswer({ path, answer: next }))
    return () => controller.abort()
  }, [path, moment])
  return answer.path === path ? answer.answer : { state: 'loading' }
}
