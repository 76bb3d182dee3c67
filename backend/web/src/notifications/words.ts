// How events are said in Korean.

import { moved, points } from '../changes/changes'
import type { Action, Change } from '../changes/types'
import { number } from '../table/format'
import type { Fresh } from './store'
import type { AlertEvent, Collection, Notification } from './types'

/** A trading day as 7월 8일, with the year where it is another one than today's. */
export function tradingDay(iso: string, now: Date = new Date()): string {
  const [year, month, day] = iso.split('-').map(Number)
  if (!year || !month || !day) return iso
  return year === now.getFullYear() ? `${month}월 ${day}일` : `${year}년 ${month}월 ${day}일`
}

/** What an event says in one line. */
export function headline(event: Notification): string {
  if (event.kind === 'collection') return `${tradingDay(event.date)} 시장 자료가 들어왔습니다`
  if (event.kind === 'alert') return `${event.content.etf.name}: ${gist(event.content)}`
  if (event.kind === 'discord_off') return '디스코드로 보내기가 꺼졌습니다'
  return `${tradingDay((event as Notification).date)} 알림`
}

/** What has just come, in one line; the person's own before what everybody is told. */
export function announcement({ count, own, event }: Fresh): string {
  if (own > 1) return `내 알림 ${number(own)}건 · ${headline(event)}`
  if (own === 1 || count === 1) return headline(event)
  return `시장 자료 ${number(count)}일치가 들어왔습니다 (마지막: ${tradingDay(event.date)})`
}

const DONE: Record<Action, string> = { new: '신규 편입', out: '편출', more: '매수', less: '매도' }

/** What matters most in an alert, and how much more there is: 삼성전자 매수 외 3건. */
function gist({ trades = [], drift = [], premium, fee, name, ...totals }: AlertEvent['content']): string {
  const others = [
    premium && `괴리율 ${number(premium.after, 2)}%`,
    fee && `보수 ${rate(fee.before)} → ${rate(fee.after)}`,
    name && `새 이름 ${name.after}`,
  ].filter((said) => typeof said === 'string')
  const count = (totals.trades_total ?? trades.length) + (totals.drift_total ?? drift.length) + others.length
  const [first = '바뀐 것이 있습니다'] = [...trades.slice(0, 1).map(traded), ...drift.slice(0, 1).map(drifted), ...others]
  return count > 1 ? `${first} 외 ${number(count - 1)}건` : first
}

function traded({ name, action }: Change): string {
  return action ? `${name} ${DONE[action]}` : name
}

function drifted(row: Change): string {
  const change = moved(row)
  return change === null ? `${row.name} 비중 변화` : `${row.name} 비중 ${points(change)}`
}

/** A fee as it is written, with no more decimals than it has: 0.15%. */
export function rate(fee: number): string {
  return `${new Intl.NumberFormat('ko-KR', { minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(fee)}%`
}

/** Which trading days of an ETF are missing between the two that are compared; null where none is. */
export function gapWords(gap: string[], total: number | null, now: Date = new Date()): string | null {
  if (gap.length === 0) return null
  const count = Math.max(total ?? 0, gap.length)
  const days = gap.slice(0, 3).map((day) => tradingDay(day, now)).join(', ')
  return `${days}${count > 3 ? ` 외 ${number(count - 3)}일` : ''}의 구성종목 자료가 없어, 그동안의 변화가 함께 들어 있습니다.`
}

/** The question that a stock of an alert leads to: who else did so, or who holds most of it. */
export function alertQuestion(iso: string, { name, action }: Change): string {
  const movement = action && ({ new: 'new', out: 'out', more: 'bought', less: 'sold' } as const)[action]
  return movement ? question(movement, iso, name) : `${object(name)} 가장 많이 담은 ETF는?`
}

const FIRST_SYLLABLE = 0xac00
const LAST_SYLLABLE = 0xd7a3
const FINALS = 28
/** Digits and letters that mostly end in a consonant when they are read aloud in Korean. */
const CLOSED = /[013678lmn]$/i

/** A name with the object particle that fits its last sound. */
export function object(name: string): string {
  const code = name.charCodeAt(name.length - 1)
  const syllable = code >= FIRST_SYLLABLE && code <= LAST_SYLLABLE
  const closed = syllable ? (code - FIRST_SYLLABLE) % FINALS > 0 : CLOSED.test(name)
  return name + (closed ? '을' : '를')
}

export type Movement = 'new' | 'out' | 'bought' | 'sold'

const WORDS: Record<Movement, { title: string; asks: (name: string) => string }> = {
  new: { title: '새로 담긴 종목', asks: (name) => `${object(name)} 새로 담은 ETF는?` },
  out: { title: '빠진 종목', asks: (name) => `${object(name)} 전량 판 ETF는?` },
  bought: { title: '액티브 ETF가 산 종목', asks: (name) => `${object(name)} 산 액티브 ETF는?` },
  sold: { title: '액티브 ETF가 판 종목', asks: (name) => `${object(name)} 판 액티브 ETF는?` },
}

export function movementTitle(movement: Movement): string {
  return WORDS[movement].title
}

/** What a day without any movement says: on the first one nobody can tell. */
export function quiet(content: Partial<Collection>): string {
  return content.compared_with ? '새로 담기거나 빠진 종목이 없습니다.' : '비교할 앞선 날짜가 없습니다.'
}

/** The question that shows which ETFs were behind a movement. */
export function question(movement: Movement, iso: string, name: string): string {
  const [year, month, day] = iso.split('-').map(Number)
  return `${year}년 ${month}월 ${day}일에 ${WORDS[movement].asks(name)}`
}
