import { useEffect, useState } from 'react'

import { AbsentRow } from './AbsentRow'
import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'
import { DiscordLine } from './DiscordLine'
import { RunRow } from './RunRow'
import { NOTHING_KNOWN, rows, withPage } from './runs'
import { useLoaded } from './useLoaded'

/** A date that fails is told to nobody's page, so the table also looks by itself, ms. */
const LOOK_EVERY_MS = 30_000
const COLUMNS = ['날짜', '상태', 'ETF', '구성종목', '시세', '매매', '빠진 ETF', '걸린 시간', '끝난 때']

/** What came of each date, what is missing of it, and whether Discord hears of it. `arrivals` grows when a date comes in. */
export function CollectionTab({ arrivals }: { arrivals: number }) {
  const { api, complaint } = useAdmin()
  const moment = `${arrivals} ${useLooks()}`
  const newest = useLoaded(moment, (signal) => api.runs(null, signal))
  const discord = useLoaded(moment, (signal) => api.discord(signal))
  const [known, setKnown] = useState(NOTHING_KNOWN)
  // undefined: no older page has been read, so the newest page says where the next begins.
  const [before, setBefore] = useState<string | null | undefined>(undefined)
  const [failed, setFailed] = useState<Complaint | null>(null)

  useEffect(() => {
    const page = newest.value
    if (!page) return
    setKnown((seen) => withPage(seen, page))
    setBefore((seen) => (seen === undefined ? page.next_before : seen))
  }, [newest.value])

  const loadOlder = () => {
    setFailed(null)
    api.runs(before ?? null).then(
      (page) => {
        setKnown((seen) => withPage(seen, page))
        setBefore(page.next_before)
      },
      (error: unknown) => setFailed(complaint(error)),
    )
  }
  const shown = rows(known)

  return (
    <section aria-label="수집">
      {discord.value && <DiscordLine standing={discord.value} />}
      <ComplaintNotice complaint={failed ?? newest.complaint ?? discord.complaint} />
      {newest.loading && !newest.value && <p className="empty">불러오는 중…</p>}
      {newest.value && shown.length === 0 && (
        <p className="empty">
          아직 수집한 날이 없습니다. <code>./atlas collect krx</code>로 가장 최근 거래일을 가져옵니다.
        </p>
      )}
      {shown.length > 0 && (
        // On a phone the rows are laid out as cards, which would take the roles away.
        <table className="runs" role="table" aria-label="날짜별 수집 결과" aria-busy={newest.loading}>
          <thead role="rowgroup">
            <tr role="row">
              {COLUMNS.map((name) => (
                <th key={name} scope="col" role="columnheader">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {shown.map((row) =>
              row.kind === 'run' ? (
                <RunRow key={`${row.run.date} ${row.run.source}`} run={row.run} moment={moment} />
              ) : (
                <AbsentRow key={`absent ${row.last}`} first={row.first} last={row.last} days={row.days} />
              ),
            )}
          </tbody>
        </table>
      )}
      {before && (
        <button type="button" className="button older" onClick={loadOlder}>
          지난 날 더 보기
        </button>
      )}
    </section>
  )
}

/** A number that grows as long as the page can be seen, and when it can be seen again. */
function useLooks(): number {
  const [looks, setLooks] = useState(0)
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && setLooks((count) => count + 1)
    const timer = setInterval(look, LOOK_EVERY_MS)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [])
  return looks
}
