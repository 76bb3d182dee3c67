// What the server tells of collections, as backend/notifications/event.py writes it.

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

/** One event; ids grow in the order in which things happened. */
export interface Notification {
  id: number
  kind: string
  date: string
  subject: string
  content: Partial<Collection>
  created_at: string
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
