// What is known of the events in this tab: the list, what of it is unread, and what has just come.

import { json } from '../http'
import { follow } from './stream'
import { listenInOneTab, openTabs, type TabMessage, type Tabs } from './tabs'
import { isOwn, type Notification, type NotificationPage, type ReadMark } from './types'

const PAGE_SIZE = 20
/** A bulk load can bring hundreds of days; what is beyond these is read page by page. */
const KEPT = 100
const RETRY_MS = 5_000
/** The reader who has not signed in. */
export const NOBODY = 'nobody'

/** All events, or what is told to the person alone. */
export type Filter = 'all' | 'mine'

export interface Notices {
  state: 'loading' | 'ready' | 'away'
  /** Whether somebody has signed in, who is told things of their own. */
  personal: boolean
  filter: Filter
  /** Those that the filter lets through, newest first. */
  items: Notification[]
  unread: number
  readUntil: number
  newest: number
  /** Whether there are older ones than those that are shown. */
  more: boolean
  /** Whether the server's stream is there. */
  live: boolean
  /** What came while the page was open and has not been looked at. */
  fresh: Fresh | null
  /** Grows with every event that comes. */
  arrivals: number
}

/** How many events have come, how many of them are the person's own, and the one that is told of. */
export interface Fresh {
  count: number
  own: number
  event: Notification
}

const NOTHING: Notices = {
  state: 'loading', personal: false, filter: 'all', items: [], unread: 0, readUntil: 0, newest: 0, more: false, live: false, fresh: null, arrivals: 0,
}

export class NotificationStore {
  private notices = NOTHING
  private readonly listeners = new Set<() => void>()
  private tabs: Tabs | null = null
  private leading = false
  /** Whether the stream was there and is gone. */
  private lost = false
  private older: number | null = null
  private signal = AbortSignal.abort()

  /** `onLost` is called when the stream of a person has ended: they may have been signed out elsewhere. */
  constructor(private readonly onLost: () => void = () => undefined) {}

  readonly snapshot = (): Notices => this.notices

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Begins to listen for a reader, and forgets what an earlier one was told; the returned function ends it. */
  start(reader: string): () => void {
    const controller = new AbortController()
    const { signal } = controller
    this.signal = signal
    this.older = null
    const { arrivals } = this.notices
    this.change({ ...NOTHING, arrivals, personal: reader !== NOBODY })
    this.tabs = openTabs(reader, (message) => this.hear(message))
    this.tabs.tell({ kind: 'hello' })
    void this.begin(reader, signal)
    document.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && this.notices.state !== 'loading' && void this.refresh().catch(() => undefined),
      { signal },
    )
    return () => {
      controller.abort()
      this.tabs?.close()
      this.tabs = null
      this.change({ ...NOTHING, arrivals: this.notices.arrivals })
    }
  }

  /** Everything up to the newest event that is known has been read. */
  async markRead(): Promise<void> {
    const { newest, readUntil } = this.notices
    this.dismiss()
    if (newest <= readUntil) return
    const { signal } = this
    this.read(newest)
    this.tabs?.tell({ kind: 'read', until: newest })
    const mark = await json<ReadMark>('/api/notifications/read', { method: 'POST', body: { until: newest } })
    if (!signal.aborted && mark.read_until >= this.notices.newest) this.change({ unread: mark.unread })
  }

  /** The announcement of what has just come is no longer needed. */
  dismiss(): void {
    if (this.notices.fresh) this.change({ fresh: null })
  }

  /** Shows all events, or the person's own alone. Throws Problem. */
  async show(filter: Filter): Promise<void> {
    if (filter === this.notices.filter) return
    const known = filter === 'mine' ? this.notices.items.filter(isOwn) : []
    this.change({ filter, items: known, more: false, state: known.length > 0 ? 'ready' : 'loading' })
    try {
      await this.refresh()
    } catch (error) {
      this.change({ state: 'away' })
      throw error
    }
  }

  /** Throws Problem. */
  async loadMore(): Promise<void> {
    if (this.older === null) return
    const { signal, notices } = this
    const page = await this.page(`&before=${this.older}`)
    if (signal.aborted || notices.filter !== this.notices.filter) return
    this.older = page.next_before
    const known = new Set(this.notices.items.map(({ id }) => id))
    this.change({ items: [...this.notices.items, ...page.items.filter(({ id }) => !known.has(id))], more: page.next_before !== null })
  }

  /** Fetches the newest events; the server's list is the truth. Throws Problem. */
  async refresh(): Promise<void> {
    const { signal } = this
    const { arrivals, filter } = this.notices
    const page = await this.page()
    if (signal.aborted || filter !== this.notices.filter) return
    // What has come meanwhile may be missing from this page.
    if (this.notices.arrivals !== arrivals && page.newest < this.notices.newest) return this.refresh()
    this.older = page.next_before
    this.change({
      state: 'ready', items: page.items, unread: page.unread, readUntil: page.read_until, newest: page.newest,
      more: page.next_before !== null,
    })
  }

  private page(older = ''): Promise<NotificationPage> {
    const mine = this.notices.filter === 'mine' ? '&mine=true' : ''
    return json<NotificationPage>(`/api/notifications?limit=${PAGE_SIZE}${mine}${older}`)
  }

  private async begin(reader: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.refresh()
        break
      } catch {
        if (signal.aborted) return
        this.change({ state: 'away' })
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
    if (!signal.aborted) listenInOneTab(reader, (until) => this.lead(until), signal)
  }

  private async lead(signal: AbortSignal): Promise<void> {
    this.leading = true
    try {
      await follow(
        {
          after: () => this.notices.newest,
          onEvent: (event) => {
            if (signal.aborted) return
            this.tabs?.tell({ kind: 'event', event })
            this.add(event)
          },
          onRead: ({ read_until, unread }) => {
            if (signal.aborted) return
            this.tabs?.tell({ kind: 'read', until: read_until, unread })
            this.read(read_until, unread)
          },
          onLink: (live) => !signal.aborted && this.link(live),
        },
        signal,
      )
    } finally {
      this.leading = false
    }
  }

  private link(live: boolean): void {
    const { personal } = this.notices
    this.tabs?.tell({ kind: 'link', live })
    this.change({ live })
    // What was read on another device meanwhile is not told again.
    if (personal && live && this.lost) void this.refresh().catch(() => undefined)
    if (personal && !live) this.onLost()
    this.lost = !live
  }

  private hear(message: TabMessage): void {
    if (message.kind === 'event') this.add(message.event)
    else if (message.kind === 'link') this.change({ live: message.live })
    else if (message.kind === 'read') this.read(message.until, message.unread)
    else if (this.leading) this.tabs?.tell({ kind: 'link', live: this.notices.live })
  }

  private add(event: Notification): void {
    const { items, newest, unread, fresh, arrivals, filter } = this.notices
    if (event.id <= newest) {
      // A database that was set up anew counts from one again.
      const last = items.find(({ id }) => id === newest)
      if (last && event.created_at > last.created_at) void this.refresh().catch(() => undefined)
      return
    }
    const own = isOwn(event)
    const passes = filter === 'all' || own
    const kept = passes ? [event, ...items].slice(0, Math.max(KEPT, PAGE_SIZE)) : items
    const cut = passes && kept.length <= items.length
    if (cut) this.older = kept.at(-1)?.id ?? null
    this.change({
      items: kept, newest: event.id, unread: unread + 1, arrivals: arrivals + 1, more: this.notices.more || cut,
      fresh: {
        count: (fresh?.count ?? 0) + 1,
        own: (fresh?.own ?? 0) + Number(own),
        // What is one's own is told rather than what everybody is told.
        event: fresh && isOwn(fresh.event) && !own ? fresh.event : event,
      },
    })
  }

  /** `unread` is what the server counted beyond `until`, where it was told. */
  private read(until: number, unread = this.notices.unread): void {
    const { readUntil, newest } = this.notices
    if (until <= readUntil) return
    this.change({ readUntil: until, ...(until >= newest ? { unread: 0, fresh: null } : { unread }) })
  }

  private change(changed: Partial<Notices>): void {
    this.notices = { ...this.notices, ...changed }
    for (const listener of this.listeners) listener()
  }
}
