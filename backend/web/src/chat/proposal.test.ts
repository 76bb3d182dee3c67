import { expect, test } from 'vitest'

import type { Watch } from '../watch/types'
import { chosen, heading, isSet, type Proposal, settingsFor, stands } from './proposal'

const PROPOSAL: Proposal = {
  kind: 'alert', etfs: [{ code: '069500', name: 'KODEX 200' }], kinds: ['out', 'less'], threshold_pp: 2, premium_pct: null, discord: true, mute: false,
}
const WATCH: Watch = {
  etf: { code: '069500', name: 'KODEX 200' }, kinds: ['fee'], threshold_pp: 3, premium_pct: 1, discord: false, muted: false, added_at: '2026-07-01T00:00:00Z',
}
const sent = (proposal: Proposal, watch: Watch | null) => settingsFor(proposal, chosen(proposal), watch)

test('an ETF that is new on the list is told what was wished for', () => {
  expect(sent(PROPOSAL, null)).toEqual({ kinds: ['out', 'less'], threshold_pp: 2, discord: true, muted: false })
})

test('kinds are added to those that are told, and what was not spoken of stays', () => {
  expect(sent({ ...PROPOSAL, threshold_pp: null, discord: null }, WATCH)).toEqual({ kinds: ['out', 'less', 'fee'], muted: false })
})

test('who had everything muted hears only what was wished for', () => {
  expect(sent(PROPOSAL, { ...WATCH, muted: true })?.kinds).toEqual(['out', 'less'])
})

test('kinds are taken away; without any left, and without any named, the ETF is muted', () => {
  const off = { ...PROPOSAL, kinds: ['premium' as const], threshold_pp: null, discord: null, mute: true }
  expect(sent(off, { ...WATCH, kinds: ['fee', 'premium'] })).toEqual({ kinds: ['fee'] })
  expect(sent(off, { ...WATCH, kinds: ['premium'] })).toEqual({ muted: true })
  expect(sent({ ...off, kinds: [] }, WATCH)).toEqual({ muted: true })
  expect(sent(off, null)).toBeNull()
})

test('another channel changes nothing else', () => {
  const channel = { ...PROPOSAL, kinds: [], threshold_pp: null, discord: false }
  expect(sent(channel, { ...WATCH, muted: true })).toEqual({ discord: false })
})

test('it is set where the watch says all of it', () => {
  expect(isSet(PROPOSAL, null)).toBe(false)
  expect(isSet(PROPOSAL, WATCH)).toBe(false)
  const agreed = { ...WATCH, kinds: ['out' as const, 'less' as const, 'fee' as const], threshold_pp: 2, discord: true }
  expect(isSet(PROPOSAL, agreed)).toBe(true)
  expect(isSet(PROPOSAL, { ...agreed, muted: true })).toBe(false)
  expect(isSet({ ...PROPOSAL, kinds: [], mute: true }, agreed)).toBe(false)
  expect(isSet({ ...PROPOSAL, kinds: [], mute: true }, { ...agreed, muted: true })).toBe(true)
})

test('what was set stands until it is removed or switched off', () => {
  expect(stands(PROPOSAL, [WATCH])).toBe(true)
  expect(stands(PROPOSAL, [null])).toBe(false)
  expect(stands(PROPOSAL, [{ ...WATCH, muted: true }])).toBe(false)
  expect(stands({ ...PROPOSAL, kinds: [], mute: true }, [WATCH])).toBe(false)
})

test('the heading says whose alerts', () => {
  expect(heading(PROPOSAL)).toBe('KODEX 200의 알림 설정')
  expect(heading({ ...PROPOSAL, etfs: [] })).toBe('관심 ETF 모두의 알림 설정')
  expect(heading({ ...PROPOSAL, etfs: [...PROPOSAL.etfs, { code: '102110', name: 'TIGER 200' }], mute: true })).toBe('KODEX 200 외 1개의 알림 끄기')
})
