// The administrator's requests.

import { json, type RequestOptions } from '../http'
import type {
  CollectionGaps, CollectionRuns, DiscordStanding, Example, ExampleForm, ExampleStatus, Generalised, StoredTurn, Trial,
} from './types'

export interface TurnFilter {
  verdict?: string
  status?: string
  source?: string
  q?: string
  before?: number
}

export const PAGE_SIZE = 50
export const MOST_EXAMPLES = 200
export const DATES_SHOWN = 30
export const GAPS_SHOWN = 100

/** Requests with the administrator's token; every one throws Problem, with status 401 where the token is not accepted. */
export class AdminApi {
  constructor(private readonly token: string) {}

  async turns(filter: TurnFilter, signal?: AbortSignal): Promise<StoredTurn[]> {
    const { turns } = await this.send<{ turns: StoredTurn[] }>(`turns?${query({ ...filter, limit: PAGE_SIZE })}`, { ...(signal && { signal }) })
    return turns
  }

  async examples(status: ExampleStatus, q: string, signal?: AbortSignal): Promise<Example[]> {
    const path = `examples?${query({ status, q, limit: MOST_EXAMPLES })}`
    return (await this.send<{ examples: Example[] }>(path, { ...(signal && { signal }) })).examples
  }

  example(id: string): Promise<Example> {
    return this.send(`examples/${encodeURIComponent(id)}`)
  }

  make(from: { run_id: string } | { question: string; graph: string; cypher: string }): Promise<Example> {
    return this.send('examples', { method: 'POST', body: from })
  }

  edit(id: string, form: ExampleForm): Promise<Example> {
    return this.send(`examples/${encodeURIComponent(id)}`, { method: 'PUT', body: form })
  }

  generalise(question: string, graph: string, cypher: string): Promise<Generalised> {
    return this.send('examples/generalise', { method: 'POST', body: { question, graph, cypher } })
  }

  run(id: string, question: string): Promise<Trial> {
    return this.send(`examples/${encodeURIComponent(id)}/run`, { method: 'POST', body: question ? { question } : {} })
  }

  promote(id: string, question: string): Promise<{ example: Example; trial: Trial }> {
    return this.send(`examples/${encodeURIComponent(id)}/promote`, { method: 'POST', body: question ? { question } : {} })
  }

  retire(id: string): Promise<Example> {
    return this.send(`examples/${encodeURIComponent(id)}/retire`, { method: 'POST' })
  }

  runs(before: string | null, signal?: AbortSignal): Promise<CollectionRuns> {
    return this.send(`collection/runs?${query({ limit: DATES_SHOWN, before: before ?? undefined })}`, { ...(signal && { signal }) })
  }

  gaps(date: string, offset: number, signal?: AbortSignal): Promise<CollectionGaps> {
    return this.send(`collection/gaps?${query({ from: date, to: date, limit: GAPS_SHOWN, offset })}`, { ...(signal && { signal }) })
  }

  discord(signal?: AbortSignal): Promise<DiscordStanding> {
    return this.send('discord', { ...(signal && { signal }) })
  }

  private send<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return json<T>(`/api/admin/${path}`, { ...options, headers: { Authorization: `Bearer ${this.token}` } })
  }
}

function query(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
}
