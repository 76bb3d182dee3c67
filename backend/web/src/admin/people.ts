// How people and what was done are named.

import { number } from '../table/format'
import { EXAMPLE_STATUSES } from './words'

/** How an account is called: by its name, or by its address where it has none. */
export function accountName({ name, email }: { name: string; email: string }): string {
  return name.trim() || email
}

/** Beginnings of actions, for choosing among them. */
export const ACTION_ROOMS: Record<string, string> = { 'user.': '사용자', 'webhook.': '웹훅', 'example.': '예시' }

const ACTIONS: Record<string, string> = {
  'user.add': '계정 만들기', 'user.role': '권한 바꾸기', 'user.disable': '사용 중지', 'user.enable': '다시 허용', 'user.delete': '계정 삭제',
  'user.password': '비밀번호 바꾸기', 'webhook.off': '웹훅 끄기', 'webhook.on': '웹훅 켜기', 'example.create': '후보 만들기',
  'example.edit': '예시 고치기', 'example.promote': '예시 올리기', 'example.retire': '예시 보관',
}

/** What was done, in Korean where the page knows it. */
export function actionName(action: string): string {
  return ACTIONS[action] ?? action
}

/** Who did it. */
export function actorName(actor: string): string {
  if (actor === 'installation token') return '관리자 토큰'
  if (actor === 'command line') return '명령줄'
  return actor
}

const VALUES: Record<string, string> = { user: '사용자', admin: '관리자', ...EXAMPLE_STATUSES }
const FIELDS: Record<string, string> = { was: '이전', is: '이후', role: '권한', turn: '대화', reason: '이유' }

/** What changed, in a line. */
export function detailWords(detail: Record<string, unknown>): string {
  const { was, is, ...rest } = detail
  const change = was !== undefined && is !== undefined ? [`${word(was)} → ${word(is)}`] : []
  const others = change.length > 0 ? rest : detail
  const told = Object.entries(others).filter(([, value]) => value !== null)
  return [...change, ...told.map(([name, value]) => `${FIELDS[name] ?? name} ${word(value)}`)].join(' · ')
}

function word(value: unknown): string {
  if (typeof value === 'string') return VALUES[value] ?? value
  return typeof value === 'number' ? number(value) : JSON.stringify(value)
}

/** Date and time of day of a moment, where the browser is. */
export function moment(iso: string): string {
  const then = new Date(iso)
  const time = new Intl.DateTimeFormat('ko-KR', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(then)
  return `${then.getFullYear()}. ${then.getMonth() + 1}. ${then.getDate()}. ${time}`
}
