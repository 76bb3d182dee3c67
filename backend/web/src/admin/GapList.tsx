import { useEffect, useState } from 'react'

import { date as spoken } from '../table/format'
import { ComplaintNotice } from './ComplaintNotice'
import { type Complaint, useAdmin } from './context'
import type { CollectionGap } from './types'
import { useLoaded } from './useLoaded'

/** The ETFs of a date without a usable basket, with the reason of each. */
export function GapList({ date, moment }: { date: string; moment: string }) {
  const { api, complaint } = useAdmin()
  const first = useLoaded(`${date} ${moment}`, (signal) => api.gaps(date, 0, signal))
  const [older, setOlder] = useState<CollectionGap[]>([])
  const [failed, setFailed] = useState<Complaint | null>(null)
  const total = first.value?.total
  // Some have been filled, or have come, since.
  useEffect(() => setOlder([]), [total])
  const codes = new Set(first.value?.gaps.map(({ code }) => code))
  const gaps = [...(first.value?.gaps ?? []), ...older.filter(({ code }) => !codes.has(code))]
  const more = total !== undefined && gaps.length < total

  const loadMore = () => {
    setFailed(null)
    api.gaps(date, gaps.length).then(
      // A second click may have brought the same page.
      (page) => setOlder((seen) => [...seen, ...page.gaps.filter(({ code }) => !seen.some((one) => one.code === code))]),
      (error: unknown) => setFailed(complaint(error)),
    )
  }

  return (
    <div className="gap-list">
      <ComplaintNotice complaint={failed ?? first.complaint} />
      {!first.value && first.loading && <p role="status">불러오는 중…</p>}
      {first.value && gaps.length === 0 && <p>빠진 ETF가 모두 채워졌습니다.</p>}
      <ul aria-label={`${spoken(date)} 빠진 ETF`}>
        {gaps.map(({ code, name, reason }) => (
          <li key={code}>
            <a href={`/etf/${code}`}>{name ?? code}</a> {name && <span className="gap-code">{code}</span>}
            <span className="gap-reason">{reason ?? '이유가 남아 있지 않습니다.'}</span>
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" className="button small" onClick={loadMore}>
          더 보기
        </button>
      )}
      {gaps.length > 0 && (
        <p className="gap-advice">
          <code>./atlas collect fill --date {date}</code>로 다시 물어볼 수 있습니다.
        </p>
      )}
    </div>
  )
}
