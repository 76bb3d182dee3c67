// The administrator's requests.

import type { Role } from '../account/types'
import { json, request, type RequestOptions } from '../http'
import type {
  Account, AuditEntry, CollectionGaps, CollectionRuns, DiscordStanding, Example, ExampleForm, ExampleStatus, Generalised, PersonsWebhook,
  StoredTurn, Trial,
} from './types'
import type { Page } from './usePages'

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

/**
 * Requests with the installation's token, or with the browser's session where there is none. Every one throws Problem, with status 401
 * where neither is accepted, and 403 where the person is no administrator.
 */
export class AdminApi {
  constructor(private readonly token: string | null) {}

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

  async users(q: string, before: string | null, signal?: AbortSignal): Promise<Page<Account, string>> {
    const path = `users?${query({ q, limit: PAGE_SIZE, before: before ?? undefined })}`
    const page = await this.send<{ items: Account[]; next_before: string | null }>(path, { ...(signal && { signal }) })
    return { items: page.items, next: page.next_before }
  }

  changeUser(id: string, change: { role?: Role; disabled?: boolean }): Promise<Partial<Account>> {
    return this.send(`users/${id}`, { method: 'PATCH', body: change })
  }

  async deleteUser(id: string): Promise<void> {
    await request(`/api/admin/users/${id}`, { method: 'DELETE', headers: this.headers() })
  }

  async webhooks(offset: number, signal?: AbortSignal): Promise<Page<PersonsWebhook, number>> {
    const path = `webhooks?${query({ limit: PAGE_SIZE, offset })}`
    const page = await this.send<{ items: PersonsWebhook[]; next_offset: number | null }>(path, { ...(signal && { signal }) })
    return { items: page.items, next: page.next_offset }
  }

  async switchWebhook(person: string, on: boolean, reason = ''): Promise<void> {
    const path = `/api/admin/webhooks/${person}/${on ? 'on' : 'off'}`
    await request(path, { method: 'POST', headers: this.headers(), ...(!on && { body: { reason } }) })
  }

  async audit(actor: string, action: string, before: number | null, signal?: AbortSignal): Promise<Page<AuditEntry, number>> {
    const path = `audit?${query({ actor, action, limit: PAGE_SIZE, before: before ?? undefined })}`
    const page = await this.send<{ items: AuditEntry[]; next_before: number | null }>(path, { ...(signal && { signal }) })
    return { items: page.items, next: page.next_before }
  }

  private send<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return json<T>(`/api/admin/${path}`, { ...options, headers: this.headers() })
  }

  private headers(): Record<string, string> {
    return this.token === null ? {} : { Authorization: `Bearer ${this.token}` }
  }
}

function query(parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
}
