// The dates of the collection as the table shows them.

import type { CollectionRun, CollectionRuns } from './types'

/** What is known of the dates that have been read so far. */
export interface Known {
  runs: CollectionRun[]
  absent: string[]
}

export const NOTHING_KNOWN: Known = { runs: [], absent: [] }

const newestFirst = (one: CollectionRun, other: CollectionRun) =>
  one.date === other.date ? one.source.localeCompare(other.source) : other.date.localeCompare(one.date)

/** What is known once a page has come: it replaces what was known of its dates, and older dates stay. */
export function withPage(known: Known, page: CollectionRuns): Known {
  const oldest = page.runs.at(-1)?.date
  const newest = [page.runs[0]?.date ?? '', page.absent[0] ?? ''].sort().at(-1) ?? ''
  if (oldest === undefined) return known
  const elsewhere = (date: string) => date < oldest || date > newest
  return {
    runs: [...known.runs.filter(({ date }) => elsewhere(date)), ...page.runs].sort(newestFirst),
    absent: [...known.absent.filter((date) => elsewhere(date) && !page.runs.some((run) => run.date === date)), ...page.absent].sort().reverse(),
  }
}

/** A run, or trading days in a row that nobody collected. */
export type TableRow = { kind: 'run'; run: CollectionRun } | { kind: 'absent'; first: string; last: string; days: number }

/** The rows of the table, newest first. */
export function rows({ runs, absent }: Known): TableRow[] {
  const found: TableRow[] = []
  const missed = [...absent]
  const add = (until: string) => {
    const days: string[] = []
    while (missed[0] !== undefined && missed[0] > until) days.push(missed.shift() ?? '')
    const [last, first] = [days[0], days.at(-1)]
    if (first !== undefined && last !== undefined) found.push({ kind: 'absent', first, last, days: days.length })
  }
  for (const run of runs) {
    add(run.date)
    found.push({ kind: 'run', run })
  }
  add('')
  return found
}

/** The command that collects the days of a row. */
export function command(first: string, last: string): string {
  return `./atlas collect krx ${first === last ? `--date ${first}` : `--from ${first} --to ${last}`}`
}

const WEEKDAYS = ['일', '월', '화', '수', '목', '금', '토']

/** The weekday of an ISO date, in one syllable. */
export function weekday(iso: string): string {
  return WEEKDAYS[new Date(`${iso}T00:00:00Z`).getUTCDay()] ?? ''
}
