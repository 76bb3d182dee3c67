// What can be told of an ETF, in words.

import { number } from '../table/format'
import { KINDS, type WatchKind, type WatchSettings } from './types'

export const KIND_WORDS: Record<WatchKind, { name: string; means: string }> = {
  new: { name: '신규 편입', means: '담지 않던 종목을 새로 샀을 때' },
  out: { name: '편출', means: '담고 있던 종목을 모두 팔았을 때' },
  more: { name: '추가 매수', means: '담고 있던 종목을 더 샀을 때' },
  less: { name: '일부 매도', means: '담고 있던 종목을 일부 팔았을 때' },
  weight: { name: '비중 변화', means: '사고팔지 않아도 가격이 움직여 비중이 바뀌었을 때' },
  premium: { name: '괴리율', means: '종가가 NAV에서 정한 만큼 벌어졌을 때' },
  fee: { name: '보수 변경', means: '총보수가 바뀌었을 때' },
  name: { name: '이름 변경', means: 'ETF의 이름이 바뀌었을 때' },
}

/** Kinds that only count from a threshold on. */
export const SIZED: ReadonlySet<WatchKind> = new Set(['more', 'less', 'weight'])

export const MOST_PERCENT = 100

/** A figure that was typed, with at most two decimals; null where it is none, or none between 0 and 100. */
export function typed(text: string): number | null {
  const plain = text.trim().replace(',', '.')
  if (!/^\d{1,3}(\.\d{0,2})?$/.test(plain)) return null
  const value = Number(plain)
  return value <= MOST_PERCENT ? value : null
}

/** What a threshold means, as one would say it. */
export function thresholdSentence(threshold: number): string {
  if (threshold === 0) return '비중이 조금이라도 바뀌면 알려 드립니다.'
  return `비중이 ${number(threshold, decimals(threshold))}%p 이상 바뀌면 알려 드립니다. 예: 3% → ${number(3 + threshold, decimals(threshold))}%`
}

export function premiumSentence(limit: number): string {
  const text = number(limit, decimals(limit))
  return `종가가 NAV보다 ${text}% 이상 비싸거나 싸지는 날 알려 드립니다.`
}

/** All settings in one line. */
export function summary({ kinds, threshold_pp, premium_pct, discord, muted }: WatchSettings): string {
  if (muted) return '알림 꺼짐'
  if (kinds.length === 0) return '알릴 것을 고르지 않음'
  const sized = kinds.some((kind) => SIZED.has(kind))
  const premium = kinds.includes('premium') && `괴리율 ${number(premium_pct, decimals(premium_pct))}%`
  return [what(kinds), sized && `${number(threshold_pp, decimals(threshold_pp))}%p 이상`, premium, discord && '디스코드로도'].filter(Boolean).join(' · ')
}

/** The kinds that are told, or those few that are not. */
function what(kinds: WatchKind[]): string {
  const [told, left] = [KINDS.filter((kind) => kinds.includes(kind)), KINDS.filter((kind) => !kinds.includes(kind))]
  const named = (some: WatchKind[]) => some.map((kind) => KIND_WORDS[kind].name).join('·')
  if (left.length === 0) return '모든 변화'
  return left.length <= 2 ? `${named(left)} 빼고 모두` : named(told)
}

function decimals(value: number): number {
  return Number.isInteger(value) ? 0 : Number.isInteger(Number((value * 10).toFixed(6))) ? 1 : 2
}
