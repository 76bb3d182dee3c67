// The order of a watchlist, what of it is shown, and how much changed.

import { moved } from '../changes/changes'
import type { WatchedEtf, WatchNews } from './types'

export const ORDERS = {
  changed: '변화 먼저', name: '이름순', change: '등락률 높은 순', premium: '괴리율 큰 순', fee: '보수 낮은 순', aum: '순자산 큰 순',
} as const
export type Order = keyof typeof ORDERS

const collator = new Intl.Collator('ko', { numeric: true })

export function tradesIn(news: WatchNews): number {
  return news.new + news.out + news.more + news.less
}

/** Whether anything happened that the watch asks for. */
export function hasChanged(news: WatchNews | null): boolean {
  return news !== null && (tradesIn(news) > 0 || news.weight > 0 || Boolean(news.fee || news.name || news.premium))
}

/** Trades come before what was announced, that before what only prices did; among trades the largest. */
function importance(news: WatchNews | null): [number, number] {
  if (!news || !hasChanged(news)) return [0, 0]
  const largest = Math.max(0, ...[...news.trades, ...news.drift].map((row) => Math.abs(moved(row) ?? 0)))
  if (tradesIn(news) > 0) return [3, largest]
  return [news.fee || news.name || news.premium ? 2 : 1, largest]
}

/** The items in an order; unknown figures come last, equal ones by name. */
export function ordered<T extends WatchedEtf>(items: T[], order: Order): T[] {
  const byName = (one: T, other: T) => collator.compare(one.etf.name, other.etf.name)
  if (order === 'name') return items.toSorted(byName)
  if (order === 'changed') {
    const keys = new Map(items.map((item) => [item, importance(item.news)]))
    return items.toSorted((one, other) => {
      const [a, b] = [keys.get(one)!, keys.get(other)!]
      return b[0] - a[0] || b[1] - a[1] || byName(one, other)
    })
  }
  const figure = (item: T): number | null => {
    const { change_pct, premium_pct, fee_pct, aum_krw } = item.facts
    if (order === 'change') return change_pct
    if (order === 'premium') return premium_pct === null ? null : Math.abs(premium_pct)
    return order === 'fee' ? (fee_pct === null ? null : -fee_pct) : aum_krw
  }
  return items.toSorted((one, other) => {
    const [a, b] = [figure(one), figure(other)]
    if (a === null || b === null) return Number(a === null) - Number(b === null) || byName(one, other)
    return b - a || byName(one, other)
  })
}

/** The items whose name, code or manager holds the text, whatever its spaces and capitals. */
export function matching<T extends WatchedEtf>(items: T[], text: string): T[] {
  const wanted = plain(text)
  return wanted ? items.filter(({ etf, facts }) => [etf.name, etf.code, facts.company ?? ''].some((word) => plain(word).includes(wanted))) : items
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, '')
}
