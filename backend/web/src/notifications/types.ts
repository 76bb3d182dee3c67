// What the server tells of events, as backend/notifications writes it.

import type { Change, FeeChange, NameChange, PremiumChange } from '../changes/types'

export interface Stock {
  code: string
  name: string
}

export interface Moved extends Stock {
  /** How many ETFs took it in or let it go, and how many of them are active ones. */
  etfs: number
  active: number
}

export interface Traded extends Stock {
  /** How many active ETFs bought or sold it. */
  etfs: number
}

export interface Missing extends Stock {
  reason: string
}

/** What one day's collection brought. */
export interface Collection {
  source: string
  label: string
  date: string
  compared_with: string | null
  etfs: number
  holdings: number
  prices: number
  trades: number
  gaps: number
  new: Moved[]
  out: Moved[]
  new_total?: number
  out_total?: number
  bought: Traded[]
  sold: Traded[]
  missing: Missing[]
}

/** What changed in an ETF that the person watches; weights and premiums in %. */
export interface Alert {
  etf: Stock
  date: string
  /** The day before it that has a basket; null where there is none. */
  compared_with: string | null
  /** The first trading days between them without a basket, and how many there are; null where nobody knows. */
  gap: string[]
  gap_total: number | null
  /** What was bought and sold, the largest first; `trades_total` counts all of it. */
  trades: Change[]
  trades_total: number
  /** What only the prices moved. */
  drift: Change[]
  drift_total: number
  /** False where the weights of the two days were made in different ways. */
  weights_comparable: boolean
  premium: PremiumChange | null
  fee: FeeChange | null
  name: NameChange | null
  threshold_pp: number
  sample: boolean
}

/** Discord no longer takes what is sent to the person's channel. */
export interface DiscordOff {
  address_hint: string
  reason: string
}

interface Event<Kind, Content> {
  /** Ids grow in the order in which things happened. */
  id: number
  kind: Kind
  date: string
  /** The code of the ETF that it is about; empty where it is about none. */
  subject: string
  content: Content
  created_at: string
}

export type CollectionEvent = Event<'collection', Partial<Collection>>
export type AlertEvent = Event<'alert', Partial<Alert> & Pick<Alert, 'etf'>>
export type DiscordOffEvent = Event<'discord_off', Partial<DiscordOff>>
export type Notification = CollectionEvent | AlertEvent | DiscordOffEvent

/** Whether an event is told to one person alone. */
export function isOwn(event: Notification): boolean {
  return event.kind !== 'collection'
}

export interface NotificationPage {
  items: Notification[]
  unread: number
  read_until: number
  newest: number
  next_before: number | null
}

export interface ReadMark {
  unread: number
  read_until: number
}
