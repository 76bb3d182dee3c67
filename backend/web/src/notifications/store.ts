// What is known of the events in this tab: the list, what of it is unread, and what has just come.

import { json } from '../http'
import { follow } from './stream'
import { listenInOneTab, openTabs, type TabMessage, type Tabs } from './tabs'
import type { Notification, NotificationPage, ReadMark } from './types'

const PAGE_SIZE = 20
/** A bulk load can bring hundreds of days; what is beyond these is read page by page. */
const KEPT = 100
const RETRY_MS = 5_000

export interface Notices {
  state: 'loading' | 'ready' | 'away'
  /** Newest first. */
  items: Notification[]
  unread: number
  readUntil: number
  newest: number
  /** Whether there are older ones than those that are shown. */
  more: boolean
  /** Whether the server's stream is there. */
  live: boolean
  /** What came while the page was open and has not been looked at; counted, with the newest of them. */
  fresh: { count: number; event: Notification } | null
  /** Grows with every event that comes. */
  arrivals: number
}

const NOTHING: Notices = {
  state: 'loading', items: [], unread: 0, readUntil: 0, newest: 0, more: false, live: false, fresh: null, arrivals: 0,
}

export class NotificationStore {
  private notices = NOTHING
  private readonly listeners = new Set<() => void>()
  private tabs: Tabs | null = null
  private leading = false
  private older: number | null = null

  readonly snapshot = (): Notices => this.notices

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Begins to listen; the returned function ends it. */
  start(): () => void {
    const controller = new AbortController()
    const { signal } = controller
    this.tabs = openTabs((message) => this.hear(message))
    this.tabs.tell({ kind: 'hello' })
    void this.begin(signal)
    document.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && this.notices.state !== 'loading' && void this.refresh().catch(() => undefined),
      { signal },
    )
    return () => {
      controller.abort()
      this.tabs?.close()
      this.tabs = null
    }
  }

  /** Everything up to the newest event that is known has been read. */
  async markRead(): Promise<void> {
    const { newest, readUntil } = this.notices
    this.dismiss()
    if (newest <= readUntil) return
    this.read(newest)
    this.tabs?.tell({ kind: 'read', until: newest })
    const mark = await json<ReadMark>('/api/notifications/read', { method: 'POST', body: { until: newest } })
    if (mark.read_until >= this.notices.newest) this.change({ unread: mark.unread })
  }

  /** The announcement of what has just come is no longer needed. */
  dismiss(): void {
    if (this.notices.fresh) this.change({ fresh: null })
  }

  async loadMore(): Promise<void> {
    if (this.older === null) return
    const page = await json<NotificationPage>(`/api/notifications?limit=${PAGE_SIZE}&before=${this.older}`)
    this.older = page.next_before
    const known = new Set(this.notices.items.map(({ id }) => id))
    this.change({ items: [...this.notices.items, ...page.items.filter(({ id }) => !known.has(id))], more: page.next_before !== null })
  }

  /** Fetches the newest events; the server's list is the truth. */
  async refresh(): Promise<void> {
    const { arrivals } = this.notices
    const page = await json<NotificationPage>(`/api/notifications?limit=${PAGE_SIZE}`)
    // What has come meanwhile may be missing from this page.
    if (this.notices.arrivals !== arrivals && page.newest < this.notices.newest) return this.refresh()
    this.older = page.next_before
    this.change({
      state: 'ready', items: page.items, unread: page.unread, readUntil: page.read_until, newest: page.newest,
      more: page.next_before !== null,
    })
  }

  private async begin(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.refresh()
        break
      } catch {
        this.change({ state: 'away' })
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    listenInOneTab((until) => this.lead(until), signal)
  }

  private async lead(signal: AbortSignal): Promise<void> {
    this.leading = true
    try {
      await follow(
        {
          after: () => this.notices.newest,
          onEvent: (event) => {
            this.tabs?.tell({ kind: 'event', event })
            this.add(event)
          },
          onLink: (live) => this.link(live),
        },
        signal,
      )
    } finally {
      this.leading = false
    }
  }

  private link(live: boolean): void {
    this.tabs?.tell({ kind: 'link', live })
    this.change({ live })
  }

  private hear(message: TabMessage): void {
    if (message.kind === 'event') this.add(message.event)
    else if (message.kind === 'link') this.change({ live: message.live })
    else if (message.kind === 'read') this.read(message.until)
    else if (this.leading) this.tabs?.tell({ kind: 'link', live: this.notices.live })
  }

  private add(event: Notification): void {
    const { items, newest, unread, fresh, arrivals } = this.notices
    if (event.id <= newest) {
      // A database that was set up anew counts from one again.
      const last = items.find(({ id }) => id === newest)
      if (last && event.created_at > last.created_at) void this.refresh().catch(() => undefined)
      return
    }
    const kept = [event, ...items].slice(0, Math.max(KEPT, PAGE_SIZE))
    if (kept.length <= items.length) this.older = kept.at(-1)?.id ?? null
    this.change({
      items: kept, newest: event.id, unread: unread + 1, arrivals: arrivals + 1,
      more: this.notices.more || kept.length <= items.length,
      fresh: { count: (fresh?.count ?? 0) + 1, event },
    })
  }

  private read(until: number): void {
    const { readUntil, newest } = this.notices
    if (until <= readUntil) return
    this.change({ readUntil: until, ...(until >= newest && { unread: 0, fresh: null }) })
  }

  private change(changed: Partial<Notices>): void {
    this.notices = { ...this.notices, ...changed }
    for (const listener of this.listeners) listener()
  }
}
