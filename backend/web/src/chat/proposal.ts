// An alert that an answer proposes: what it comes to for an ETF that may be watched already, and whether it is set.

import { KINDS, type Named, type Watch, type WatchKind, type WatchSettings } from '../watch/types'

/** No `etfs` are all on the watchlist; null leaves what is set; with `mute` the kinds (none: all) are no longer told. */
export interface Proposal {
  kind: 'alert'
  etfs: Named[]
  kinds: WatchKind[]
  threshold_pp: number | null
  premium_pct: number | null
  discord: boolean | null
  mute: boolean
}

export type Decision = 'set' | 'dropped'

/** What people can still change before they agree; null was not spoken of and stays as it is. */
export interface Choice {
  kinds: WatchKind[]
  threshold_pp: number | null
  premium_pct: number | null
  discord: boolean | null
}

/** The server's own for an ETF that is new on the list. */
export const USUAL = { threshold_pp: 0.5, premium_pct: 1, discord: true } as const

export const chosen = ({ kinds, threshold_pp, premium_pct, discord }: Proposal): Choice => ({ kinds, threshold_pp, premium_pct, discord })

/**
 * What is sent for one ETF: kinds are added to those that are told, or taken from them. Null where there is nothing to do,
 * because what is to be switched off is not watched.
 */
export function settingsFor(proposal: Proposal, choice: Choice, watch: Watch | null): Partial<WatchSettings> | null {
  if (proposal.mute) {
    if (!watch) return null
    const left = proposal.kinds.length > 0 ? watch.kinds.filter((kind) => !proposal.kinds.includes(kind)) : []
    return left.length > 0 ? { kinds: left } : { muted: true }
  }
  const before = watch && !watch.muted ? watch.kinds : []
  const kinds = KINDS.filter((kind) => before.includes(kind) || choice.kinds.includes(kind))
  const channelOnly = proposal.kinds.length === 0 && proposal.discord !== null
  return {
    ...(choice.kinds.length > 0 && { kinds }),
    ...(choice.threshold_pp !== null && { threshold_pp: choice.threshold_pp }),
    ...(choice.premium_pct !== null && { premium_pct: choice.premium_pct }),
    ...(choice.discord !== null && { discord: choice.discord }),
    ...(!channelOnly && { muted: false }),
  }
}

/** Whether an ETF is watched just so already. */
export function isSet(proposal: Proposal, watch: Watch | null): boolean {
  if (proposal.mute) {
    if (!watch || watch.muted) return true
    return proposal.kinds.length > 0 && !watch.kinds.some((kind) => proposal.kinds.includes(kind))
  }
  if (!watch) return false
  const channelOnly = proposal.kinds.length === 0 && proposal.discord !== null
  return (
    (channelOnly || !watch.muted) &&
    proposal.kinds.every((kind) => watch.kinds.includes(kind)) &&
    (proposal.threshold_pp === null || proposal.threshold_pp === watch.threshold_pp) &&
    (proposal.premium_pct === null || proposal.premium_pct === watch.premium_pct) &&
    (proposal.discord === null || proposal.discord === watch.discord)
  )
}

/** Whether what was set, perhaps with other figures than were proposed, is still in force. */
export function stands(proposal: Proposal, watches: (Watch | null)[]): boolean {
  if (proposal.mute) return watches.every((watch) => isSet(proposal, watch))
  return watches.some((watch) => watch !== null && !watch.muted)
}

/** What the card is about, as a heading. */
export function heading({ etfs, mute }: Proposal): string {
  const [first] = etfs
  const whose = first ? (etfs.length > 1 ? `${first.name} 외 ${etfs.length - 1}개` : first.name) : '관심 ETF 모두'
  return `${whose}의 알림 ${mute ? '끄기' : '설정'}`
}
