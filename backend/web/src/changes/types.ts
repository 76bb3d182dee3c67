// Rows of what changed in an ETF's basket, as alerts and the watchlist tell them.

export type Action = 'new' | 'more' | 'less' | 'out'

/** A constituent that was traded (it has an action), or whose weight only drifted with the prices (it has none). */
export interface Change {
  code: string
  name: string
  label?: 'Stock' | 'ETF'
  action?: Action | null
  /** Change of the shares per creation unit, %; null for what entered or left. */
  shares_change_pct?: number | null
  weight_before: number | null
  weight_after: number | null
  /** Size of the trade, percentage points. */
  size_pp?: number | null
  /** Change of the weight, percentage points. */
  change_pp?: number | null
}

export interface PremiumChange {
  before: number | null
  after: number
  limit: number
}

export interface FeeChange {
  before: number
  after: number
}

export interface NameChange {
  before: string
  after: string
}
