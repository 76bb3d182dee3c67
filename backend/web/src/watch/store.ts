// Which ETFs the person of this page watches: one list for all stars, kept alike in every tab.

import { Problem, told } from '../http'
import * as server from './api'
import { intend, takeIntention } from './intention'
import type { Named, WatchSettings } from './types'

/** Whose list it is: not known yet, nobody's, a person's (by id), or not to be reached. */
export type Owner = 'loading' | 'nobody' | 'away' | { id: string }

export interface Said {
  kind: 'added' | 'removed' | 'failed' | 'saved' | 'saved-all'
  etf: Named
  /** The reason of a failure, for people. */
  detail?: string
}

type Message = { owner: string; code: string; watched: boolean } | { owner: string; anew: true }
type Api = Pick<typeof server, 'getCodes' | 'getWatch' | 'putWatch' | 'removeWatch'>

export interface Surroundings {
  api: Api
  channel: () => Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>
  /** Leads to the login and back here. */
  signIn: () => void
  /** Whether this is the page of the login itself, which is left at once. */
  signingIn: () => boolean
  /** Told when the server no longer knows the person. */
  signedOut: () => void
}

const CHANNEL = 'etf-atlas-watchlist'
const NONE: ReadonlySet<string> = new Set()

export class WatchStore {
  private owner: Owner = 'loading'
  /** What people see: what the server confirmed, with what was asked of it meanwhile. */
  private codes: ReadonlySet<string> = NONE
  private confirmed: ReadonlySet<string> = NONE
  private readonly wanted = new Map<string, boolean>()
  /** Settings of watches that were removed on this page, for who changes their mind. */
  private readonly dropped = new Map<string, Partial<WatchSettings>>()
  private readonly listeners = new Set<() => void>()
  private fetched: Promise<void> | null = null
  private needed = false
  private waiting: Named[] = []
  private said: Said | null = null
  private changes = 0
  private readonly channel

  constructor(private readonly around: Surroundings) {
    this.channel = around.channel()
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.hear(data)
  }

  /** Hears of changes, and needs the list. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.needed = true
    void this.fetch()
    return this.listen(listener)
  }

  /** Hears of changes without asking for the list. */
  readonly listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  has(code: string): boolean {
    return this.codes.has(code)
  }

  readonly watched = (): ReadonlySet<string> => this.codes
  /** The last thing to be told to the person. */
  readonly news = (): Said | null => this.said
  /** Grows whenever the list at the server changed, from here or from another tab. */
  readonly moment = (): number => this.changes

  /** The session says whose page this is. */
  belongTo(owner: Owner): void {
    // A server that is away has not signed anybody out.
    if (owner === 'away' && id(this.owner) !== null) return
    const same = id(owner) !== null && id(owner) === id(this.owner)
    this.owner = owner
    if (!same) {
      this.fetched = null
      this.wanted.clear()
      this.dropped.clear()
      this.confirmed = NONE
      this.show()
    }
    if (owner === 'loading') return
    const waiting = this.waiting.splice(0)
    if (id(owner) !== null) {
      const intended = this.around.signingIn() ? null : takeIntention()
      if (this.needed) void this.fetch()
      if (intended) this.set(intended, true)
    }
    for (const etf of waiting) this.toggle(etf)
  }

  toggle(etf: Named): void {
    this.set(etf, !this.has(etf.code))
  }

  /** Watches the ETF or no longer: shown at once, taken back with the reason if the server does not agree. */
  set(etf: Named, watched: boolean): void {
    if (this.owner === 'loading') {
      this.waiting.push(etf)
    } else if (this.owner === 'nobody') {
      intend(etf)
      this.around.signIn()
    } else {
      const busy = this.wanted.has(etf.code)
      this.wanted.set(etf.code, watched)
      this.show()
      if (!busy) void this.settle(etf)
    }
  }

  /** What another part of this page did to the list. */
  changed(codes: Iterable<string>, watched: boolean): void {
    const next = new Set(this.confirmed)
    for (const code of codes) {
      if (watched) next.add(code)
      else next.delete(code)
    }
    this.confirmed = next
    this.tell({ anew: true })
    this.changes += 1
    this.show()
  }

  /** The settings of an ETF, or of all, were saved on this page. */
  settingsSaved(etf: Named, all: boolean): void {
    this.tell({ anew: true })
    this.changes += 1
    this.say({ kind: all ? 'saved-all' : 'saved', etf })
  }

  dismiss(): void {
    this.said = null
    this.notify()
  }

  /** The server's list; asked for once however many stars there are, and again after a failure. */
  private fetch(): Promise<void> {
    const owner = id(this.owner)
    if (owner === null) return Promise.resolve()
    this.fetched ??= this.around.api
      .getCodes()
      .then((codes) => {
        if (id(this.owner) !== owner) return
        this.confirmed = new Set(codes)
        this.show()
      })
      .catch(() => {
        if (id(this.owner) === owner) this.fetched = null
      })
    return this.fetched
  }

  /** Brings the server to what is wanted of one ETF, one request after the other however fast one clicks. */
  private async settle(etf: Named): Promise<void> {
    const { code } = etf
    const owner = id(this.owner)
    const stale = () => id(this.owner) !== owner
    try {
      await this.fetch()
      let done: boolean | null = null
      while (!stale() && this.wanted.has(code) && this.wanted.get(code) !== done) {
        const watched = this.wanted.get(code)!
        await this.ask(code, watched)
        if (stale()) return
        done = watched
        this.confirm(code, watched)
      }
      if (stale()) return
      this.wanted.delete(code)
      this.say({ kind: done ? 'added' : 'removed', etf })
    } catch (error) {
      if (stale()) return
      this.wanted.delete(code)
      // The session has ended meanwhile: the page begins anew, for whoever signs in.
      if (error instanceof Problem && error.status === 401) this.around.signedOut()
      else this.say({ kind: 'failed', etf, detail: told(error) })
    }
    this.show()
  }

  private async ask(code: string, watched: boolean): Promise<void> {
    const { api } = this.around
    if (watched) {
      await api.putWatch(code, this.dropped.get(code) ?? {})
      this.dropped.delete(code)
      return
    }
    const { kinds, threshold_pp, premium_pct, discord, muted } = await api.getWatch(code).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 404) return {} as Partial<WatchSettings>
      throw error
    })
    await api.removeWatch(code)
    if (kinds) this.dropped.set(code, { kinds, threshold_pp, premium_pct, discord, muted } as WatchSettings)
  }

  private confirm(code: string, watched: boolean): void {
    const next = new Set(this.confirmed)
    if (watched) next.add(code)
    else next.delete(code)
    this.confirmed = next
    this.changes += 1
    this.tell({ code, watched })
    this.show()
  }

  private tell(message: { code: string; watched: boolean } | { anew: true }): void {
    const owner = id(this.owner)
    if (owner !== null) this.channel.postMessage({ owner, ...message })
  }

  private hear(message: Message): void {
    if (message.owner !== id(this.owner)) return
    this.changes += 1
    if ('anew' in message) {
      this.fetched = null
      if (this.needed) void this.fetch()
    } else {
      const next = new Set(this.confirmed)
      if (message.watched) next.add(message.code)
      else next.delete(message.code)
      this.confirmed = next
    }
    this.show()
  }

  private say(said: Said): void {
    this.said = said
    this.notify()
  }

  private show(): void {
    const next = new Set(this.confirmed)
    for (const [code, watched] of this.wanted) {
      if (watched) next.add(code)
      else next.delete(code)
    }
    this.codes = next
    this.notify()
  }

  private notify(): void {
    for (const listener of this.listeners) listener()
  }
}

export function openChannel(): BroadcastChannel {
  return new BroadcastChannel(CHANNEL)
}

function id(owner: Owner): string | null {
  return typeof owner === 'object' ? owner.id : null
}
