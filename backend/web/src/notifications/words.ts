// How events are said in Korean.

import { number } from '../table/format'
import type { Collection, Notification } from './types'

/** A trading day as 7월 8일, with the year where it is another one than today's. */
export function tradingDay(iso: string, now: Date = new Date()): string {
  const [year, month, day] = iso.split('-').map(Number)
  if (!year || !month || !day) return iso
  return year === now.getFullYear() ? `${month}월 ${day}일` : `${year}년 ${month}월 ${day}일`
}

/** What an event says in one line. */
export function headline(event: Notification): string {
  return event.kind === 'collection' ? `${tradingDay(event.date)} 시장 자료가 들어왔습니다` : `${tradingDay(event.date)} 알림`
}

/** What has just come, in one line. */
export function announcement(count: number, newest: Notification): string {
  return count === 1 ? headline(newest) : `시장 자료 ${number(count)}일치가 들어왔습니다 (마지막: ${tradingDay(newest.date)})`
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
