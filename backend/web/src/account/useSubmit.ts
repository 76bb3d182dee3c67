import { type FormEvent, useEffect, useRef, useState } from 'react'

import { Problem, told } from '../http'

export interface Submit {
  busy: boolean
  /** Why it failed the last time. */
  problem: Problem | null
  /** For how many seconds the server wants no further try. */
  wait: number
  /** Does it, unless it is being done or the server wants to be left alone. */
  submit: (event?: FormEvent) => void
  /** What is wanted is another thing: how the last one went says nothing about it. */
  forget: () => void
}

/** Does something when a form is sent, and keeps how that went. */
export function useSubmit(action: () => Promise<void>): Submit {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [until, setUntil] = useState(0)
  const wait = useSecondsUntil(until)
  const running = useRef(false)

  const submit = (event?: FormEvent) => {
    event?.preventDefault()
    if (running.current || wait > 0) return
    running.current = true
    setBusy(true)
    setProblem(null)
    action()
      .catch((error: unknown) => {
        const failed = error instanceof Problem ? error : new Problem(told(error), null)
        setProblem(failed)
        if (failed.status === 429) setUntil(Date.now() + (failed.retryAfter ?? 30) * 1000)
      })
      .finally(() => {
        running.current = false
        setBusy(false)
      })
  }
  const forget = () => {
    setProblem(null)
    setUntil(0)
  }
  return { busy, problem, wait, submit, forget }
}

function useSecondsUntil(until: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    setNow(Date.now())
    if (until <= Date.now()) return
    const timer = setInterval(() => {
      setNow(Date.now())
      if (Date.now() >= until) clearInterval(timer)
    }, 1_000)
    return () => clearInterval(timer)
  }, [until])
  return Math.max(0, Math.ceil((until - now) / 1000))
}
