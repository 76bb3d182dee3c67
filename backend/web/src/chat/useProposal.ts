// What is set at the server of a proposed alert, for the person who is signed in, and setting it.

import { useCallback, useEffect, useState } from 'react'

import { useSession } from '../account/session'
import { json, Problem, told } from '../http'
import * as watches from '../watch/api'
import type { Watch } from '../watch/types'
import { useWatchlistMoment, watchStore } from '../watch/watched'
import { settle } from './api'
import { type Choice, type Decision, isSet, type Proposal, settingsFor } from './proposal'

export interface Known {
  /** The ETFs it is about, each with its watch, null where it is not watched. */
  watches: { code: string; name: string; watch: Watch | null }[]
  /** Whether the person has a Discord webhook; null where that is unknown. */
  webhook: boolean | null
}

export interface ProposalState {
  session: ReturnType<typeof useSession>['state']
  known: Known | null
  /** Whether everything is set as proposed. */
  done: boolean
  busy: boolean
  problem: string | null
  confirm: (choice: Choice) => Promise<void>
  drop: () => Promise<void>
}

export function useProposal(
  proposal: Proposal,
  runId: string,
  decision: Decision | null,
  onDecided: (decision: Decision) => void,
): ProposalState {
  const { state: session } = useSession()
  const moment = useWatchlistMoment()
  const [known, setKnown] = useState<Known | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)

  useEffect(() => {
    if (session !== 'person') return setKnown(null)
    let current = true
    look(proposal)
      .then((found) => current && setKnown(found))
      .catch((error: unknown) => current && setProblem(told(error)))
    return () => {
      current = false
    }
  }, [session, proposal, moment, decision])

  const confirm = useCallback(
    async (choice: Choice) => {
      if (!known) return
      setBusy(true)
      setProblem(null)
      try {
        // One after the other: what failed can be tried again, and setting the same twice changes nothing.
        for (const { code, watch } of known.watches) {
          const settings = settingsFor(proposal, choice, watch)
          if (settings) await watches.putWatch(code, settings)
        }
        await settle(runId, 'set')
        onDecided('set')
        if (!proposal.mute) watchStore.changed(known.watches.map(({ code }) => code), true)
        setKnown(await look(proposal))
      } catch (error) {
        setProblem(told(error))
      } finally {
        setBusy(false)
      }
    },
    [known, proposal, runId, onDecided],
  )

  const drop = useCallback(async () => {
    setBusy(true)
    setProblem(null)
    try {
      await settle(runId, 'dropped')
      onDecided('dropped')
    } catch (error) {
      setProblem(told(error))
    } finally {
      setBusy(false)
    }
  }, [runId, onDecided])

  const done = known !== null && known.watches.length > 0 && known.watches.every(({ watch }) => isSet(proposal, watch))
  return { session, known, done, busy, problem, confirm, drop }
}

async function look(proposal: Proposal): Promise<Known> {
  const [found, discord] = await Promise.all([
    proposal.etfs.length > 0 ? Promise.all(proposal.etfs.map(async (etf) => ({ ...etf, watch: await watchOf(etf.code) }))) : all(),
    json<{ configured: boolean }>('/api/me/discord').then(({ configured }) => configured, () => null),
  ])
  return { watches: found, webhook: discord }
}

async function all(): Promise<Known['watches']> {
  const { items } = await watches.getWatchlist()
  return items.map((watch) => ({ ...watch.etf, watch }))
}

async function watchOf(code: string): Promise<Watch | null> {
  try {
    return await watches.getWatch(code)
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null
    throw error
  }
}
