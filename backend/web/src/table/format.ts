import type { Cell } from '../chat/protocol'
import { type Column, isNumber } from './column'

const EOK = 1e8
const JO = 1e12

const grouped = (decimals: number) =>
  new Intl.NumberFormat('ko-KR', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })

/** A number with thousands separators. */
export function number(value: number, decimals = 0): string {
  return grouped(decimals).format(value)
}

/** An amount in KRW as people say it: 21조 3,450억, 1,234억, 56.7억; below 억 in full. */
export function won(value: number): string {
  const size = Math.abs(value)
  const sign = value < 0 ? '-' : ''
  if (size >= JO) {
    const eok = Math.round(size / EOK)
    const rest = eok % 10_000
    return `${sign}${number(Math.floor(eok / 10_000))}조${rest > 0 ? ` ${number(rest)}억` : ''}`
  }
  if (size >= 100 * EOK) return `${sign}${number(Math.round(size / EOK))}억`
  if (size >= EOK) return `${sign}${number(size / EOK, 1)}억`
  return number(value, Number.isInteger(value) ? 0 : 2)
}

export interface Shown {
  text: string
  /** The exact value, where the text rounds it. */
  exact?: string
}

/** How a cell is shown; null for a missing value. */
export function shown(value: Cell | undefined, column: Column): Shown | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return { text: value ? '예' : '아니요' }
  if (typeof value === 'object') return { text: JSON.stringify(value) }
  if (!isNumber(value) || column.kind === 'code') return { text: String(value) }
  switch (column.kind) {
    case 'won':
      return Math.abs(value) >= EOK ? { text: won(value), exact: `${exactly(value)}원` } : { text: won(value) }
    case 'percent':
    case 'number': {
      const text = number(value, column.decimals)
      return text === exactly(value, column.decimals) ? { text } : { text, exact: exactly(value) }
    }
    case 'change': {
      const text = number(Math.abs(value), column.decimals)
      const sign = Number(text) === 0 ? '' : value > 0 ? '+' : '−'
      return { text: sign + text, exact: exactly(value) }
    }
    default:
      return { text: String(value) }
  }
}

function exactly(value: number, minimum = 0): string {
  return new Intl.NumberFormat('ko-KR', { minimumFractionDigits: minimum, maximumFractionDigits: 12 }).format(value)
}

/** Milliseconds as people read them: 0.02초, 0.4초, 12초, 1분 5초. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 10) return `${Math.max(0.01, seconds).toFixed(seconds < 0.095 ? 2 : 1)}초`
  if (seconds < 59.5) return `${Math.round(seconds)}초`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}분 ${whole % 60}초`
}

/** An ISO date as 2026. 7. 8. */
export function date(iso: string): string {
  const [year, month, day] = iso.slice(0, 10).split('-').map(Number)
  return year && month && day ? `${year}. ${month}. ${day}.` : iso
}

/** When something happened, as a list says it: 오늘 13:05, 어제, 2026. 7. 8. */
export function day(iso: string, now: Date = new Date()): string {
  const then = new Date(iso)
  const midnight = (moment: Date) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime()
  const days = Math.round((midnight(now) - midnight(then)) / 86_400_000)
  if (days === 0) return `오늘 ${new Intl.DateTimeFormat('ko-KR', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(then)}`
  if (days === 1) return '어제'
  return `${then.getFullYear()}. ${then.getMonth() + 1}. ${then.getDate()}.`
}
