import { expect, test } from 'vitest'

import { command, type Known, NOTHING_KNOWN, rows, weekday, withPage } from './runs'
import type { CollectionRun, RunStatus } from './types'

const run = (date: string, status: RunStatus = 'loaded', source: CollectionRun['source'] = 'krx'): CollectionRun => ({
  date, source, status, etfs: 1, holdings: 1, prices: 1, trades: 0, gaps: 0, rejected: 0, reason: null, duration_ms: 1,
  started_at: '2026-07-08T09:00:00Z', finished_at: null, notified_at: null,
})
const shown = (known: Known) =>
  rows(known).map((row) => (row.kind === 'run' ? `${row.run.date.slice(8)} ${row.run.source}` : `${row.first.slice(8)}–${row.last.slice(8)} ${row.days}`))

test('days in a row that nobody collected are one row', () => {
  const known = { runs: [run('2026-07-09'), run('2026-07-08', 'failed', 'files'), run('2026-07-08'), run('2026-07-03')], absent: ['2026-07-14', '2026-07-13', '2026-07-10', '2026-07-06'] }
  expect(shown(known)).toEqual(['10–14 3', '09 krx', '08 files', '08 krx', '06–06 1', '03 krx'])
  expect(rows(NOTHING_KNOWN)).toEqual([])
})

test('a page that comes again replaces its dates and keeps the older ones', () => {
  const first = withPage(NOTHING_KNOWN, { runs: [run('2026-07-09', 'failed'), run('2026-07-08')], absent: ['2026-07-10'], next_before: '2026-07-08' })
  const older = withPage(first, { runs: [run('2026-07-03'), run('2026-07-02')], absent: ['2026-07-07', '2026-07-06'], next_before: null })
  expect(shown(older)).toEqual(['10–10 1', '09 krx', '08 krx', '06–07 2', '03 krx', '02 krx'])
  const again = withPage(older, { runs: [run('2026-07-10'), run('2026-07-09')], absent: [], next_before: '2026-07-09' })
  expect(shown(again)).toEqual(['10 krx', '09 krx', '08 krx', '06–07 2', '03 krx', '02 krx'])
  expect(again.runs[1]?.status).toBe('loaded')
})

test('an empty page changes nothing', () => {
  const known = withPage(NOTHING_KNOWN, { runs: [run('2026-07-09')], absent: [], next_before: null })
  expect(withPage(known, { runs: [], absent: [], next_before: null })).toBe(known)
})

test('the command names a day or a period', () => {
  expect(command('2026-07-10', '2026-07-10')).toBe('./atlas collect krx --date 2026-07-10')
  expect(command('2026-07-10', '2026-07-14')).toBe('./atlas collect krx --from 2026-07-10 --to 2026-07-14')
})

test('weekdays', () => {
  expect(weekday('2026-07-08')).toBe('수')
  expect(weekday('2026-07-05')).toBe('일')
})
