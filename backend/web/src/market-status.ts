import { useEffect, useState } from 'react'

/** What the market data in use is, as /api/ready says. */
export interface MarketStatus {
  state: 'unknown' | 'ready' | 'unready' | 'away'
  dataset: 'sample' | 'files' | 'krx' | null
  asOf: string | null
  /** The language model that can be asked; null where none is configured. */
  model: string | null
  /** Why questions cannot be answered, for people. */
  detail: string | null
}

const INTERVAL_MS = 60_000
const UNKNOWN: MarketStatus = { state: 'unknown', dataset: null, asOf: null, model: null, detail: null }
const AWAY: MarketStatus = { ...UNKNOWN, state: 'away', detail: '서버에 연결할 수 없습니다.' }

async function look(signal: AbortSignal): Promise<MarketStatus> {
  const response = await fetch('/api/ready', { signal })
  const body = (await response.json()) as { dataset?: 'sample' | 'files' | 'krx'; as_of?: string; model?: string; detail?: string }
  if (!response.ok) return { ...UNKNOWN, state: 'unready', detail: body.detail ?? '지금은 질문에 답할 수 없습니다.' }
  const model = body.model === 'offline' ? null : (body.model ?? null)
  return { state: 'ready', dataset: body.dataset ?? null, asOf: body.as_of ?? null, model, detail: null }
}

/** The state of the market data, looked up at the start, every minute, and when `moment` changes. */
export function useMarketStatus(moment: unknown): MarketStatus {
  const [status, setStatus] = useState(UNKNOWN)
  useEffect(() => {
    const controller = new AbortController()
    const update = () => {
      look(controller.signal)
        .catch(() => AWAY)
        .then((next) => controller.signal.aborted || setStatus(next))
    }
    update()
    const timer = setInterval(update, INTERVAL_MS)
    return () => {
      controller.abort()
      clearInterval(timer)
    }
  }, [moment])
  return status
}
