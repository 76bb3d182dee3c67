// What the market API tells of one ETF: weights, fees and premiums in %, money in KRW; null is unknown, never zero.

export interface EtfSummary {
  code: string
  name: string
  company: string | null
  index_name: string | null
  active: boolean
  fee_pct: number | null
  aum_krw: number | null
  listed: string | null
}

export interface EtfDetail extends EtfSummary {
  as_of: string
  isin: string | null
  name_en: string | null
  leverage: string | null
  replication: string | null
  asset_class: string | null
  creation_unit: number | null
  aum_date: string | null
  tags: string[]
  former_names: string[]
  holdings_date: string | null
  number_of_holdings: number | null
  top10_weight_pct: number | null
  price_date: string | null
  close_krw: number | null
  nav_krw: number | null
  premium_pct: number | null
}

export type HoldingKind = 'stock' | 'etf' | 'bond' | 'cash' | 'derivative' | 'other'

export interface Holding {
  rank: number
  kind: HoldingKind
  code: string
  name: string
  weight_pct: number | null
  shares: number | null
}

export interface Holdings {
  date: string
  number_of_holdings: number
  weight_sum_pct: number
  total: number
  holdings: Holding[]
}

export type Action = 'new' | 'more' | 'less' | 'out'

export interface Trade {
  code: string
  name: string
  action: Action
  shares_change_pct: number | null
  weight_before_pct: number | null
  weight_after_pct: number | null
  weight_change_pp: number | null
}

export interface Changes {
  previous: string
  date: string
  changes: Trade[]
}

export interface PriceDay {
  date: string
  close_krw: number | null
  nav_krw: number | null
  premium_pct: number | null
}

export interface Prices {
  start: string | null
  end: string | null
  prices: PriceDay[]
}

export interface SimilarEtf extends EtfSummary {
  overlap_pct: number
  common: number
}

export interface SimilarEtfs {
  date: string
  similar: SimilarEtf[]
}
