// What the watchlist's API tells: weights, fees and premiums in %, thresholds in percentage points; null is unknown, never zero.

import type { Change, FeeChange, NameChange, PremiumChange } from '../changes/types'

/** What a person may want to hear of an ETF, in the order in which it is offered. */
export const KINDS = ['new', 'out', 'more', 'less', 'weight', 'premium', 'fee', 'name'] as const
export type WatchKind = (typeof KINDS)[number]

export interface Named {
  code: string
  name: string
}

export interface WatchSettings {
  kinds: WatchKind[]
  /** Trades and drifts of fewer percentage points are not told. */
  threshold_pp: number
  /** The premium or discount in % from which it is told, where that kind is chosen. */
  premium_pct: number
  discord: boolean
  muted: boolean
}

export interface Watch extends WatchSettings {
  etf: Named
  added_at: string
}

export interface WatchFacts {
  company: string | null
  close: number | null
  price_date: string | null
  /** Change of the close against the price day before, %. */
  change_pct: number | null
  /** The price day that the close is compared with. */
  previous_date: string | null
  nav: number | null
  premium_pct: number | null
  aum_krw: number | null
  fee_pct: number | null
  holdings_date: string | null
  /** The last closes, oldest first. */
  closes: (number | null)[]
}

/** What changed since the last visit; the counts are of rows that meet the watch. */
export interface WatchNews {
  since: string | null
  until: string | null
  new: number
  out: number
  more: number
  less: number
  weight: number
  /** The first rows of what was bought and sold, the largest first. */
  trades: Change[]
  /** The first rows of what only the prices moved. */
  drift: Change[]
  /** Trading days between without a basket. */
  gap: string[]
  premium: PremiumChange | null
  fee: FeeChange | null
  name: NameChange | null
}

export interface WatchedEtf extends Watch {
  facts: WatchFacts
  /** Null for an ETF that the market no longer has. */
  news: WatchNews | null
}

export interface Watchlist {
  as_of: string | null
  /** When the last visit ended; null before the first one has. */
  seen_at: string | null
  /** The data date that the last visit showed. */
  seen_date: string | null
  items: WatchedEtf[]
}

/** A pasted list, line by line. */
export interface Pasted {
  found: { number: number; line: string; etf: Named }[]
  ambiguous: { number: number; line: string; candidates: Named[] }[]
  unknown: string[]
  /** Lines that name nothing: headers, amounts. */
  ignored: string[]
}
