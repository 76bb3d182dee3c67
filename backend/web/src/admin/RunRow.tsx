import { useId, useState } from 'react'

import { Icon, type IconName } from '../icons'
import { date, day, duration, number } from '../table/format'
import { GapList } from './GapList'
import { weekday } from './runs'
import type { CollectionRun, RunStatus } from './types'
import { COLLECTION_SOURCES, RUN_STATUSES } from './words'

const ICONS: Record<RunStatus, IconName> = { loaded: 'check', rejected: 'alert', failed: 'close', holiday: 'calendar' }

/** One date of one source; its gaps open below it. */
export function RunRow({ run, moment }: { run: CollectionRun; moment: string }) {
  const [open, setOpen] = useState(false)
  const list = useId()
  const { status } = run
  return (
    <>
      <tr role="row" className="run" data-status={status} data-open={open || undefined}>
        <th scope="row" role="rowheader" className="run-date">
          <span>
            {date(run.date)} <span className="run-weekday">{weekday(run.date)}</span>
          </span>
          <span className="run-source">{COLLECTION_SOURCES[run.source]}</span>
        </th>
        <td role="cell" className="run-status">
          <span className={`mark ${status}`}>
            <Icon name={ICONS[status]} size={14} />
            {RUN_STATUSES[status]}
          </span>
        </td>
        {status === 'loaded' ? (
          <>
            <Count label="ETF" value={run.etfs} />
            <Count label="구성종목" value={run.holdings} />
            <Count label="시세" value={run.prices} />
            <Count label="매매" value={run.trades} />
            <td role="cell" className="run-gaps">
              {run.gaps > 0 ? (
                <button
                  type="button" className="gaps-toggle" aria-expanded={open} aria-controls={open ? list : undefined}
                  onClick={() => setOpen(!open)}
                >
                  <span className="run-label" aria-hidden="true">빠진 ETF </span>
                  {number(run.gaps)}개
                  <span className="for-screen-readers"> 빠진 ETF 보기</span>
                  <Icon name="chevron" size={14} />
                </button>
              ) : (
                <span className="none">없음</span>
              )}
            </td>
            <td role="cell" className="run-time">{run.duration_ms === null ? '–' : duration(run.duration_ms)}</td>
          </>
        ) : (
          <td role="cell" className="run-reason" colSpan={6}>
            {run.rejected > 0 && <strong>잘못된 행 {number(run.rejected)}개 </strong>}
            {run.reason ?? (status === 'holiday' ? '거래일이 아닙니다.' : '이유가 남아 있지 않습니다.')}
          </td>
        )}
        <td role="cell" className="run-end">
          <Finished run={run} />
        </td>
      </tr>
      {open && (
        <tr role="row" className="run-gap-list">
          <td role="cell" colSpan={9} id={list}>
            <GapList date={run.date} moment={moment} />
          </td>
        </tr>
      )}
    </>
  )
}

function Count({ label, value }: { label: string; value: number }) {
  return (
    <td role="cell" className="run-count">
      <span className="run-label" aria-hidden="true">{label} </span>
      {number(value)}
    </td>
  )
}

function Finished({ run }: { run: CollectionRun }) {
  const finished = run.finished_at ?? run.started_at
  return (
    <>
      <time dateTime={finished} title={exactly(finished)}>{day(finished)}</time>
      {run.notified_at && (
        <span className="run-told" title={`알림 보냄: ${exactly(run.notified_at)}`}>
          <Icon name="bell" size={14} />
          <span className="for-screen-readers">알림 보냄</span>
        </span>
      )}
    </>
  )
}

function exactly(iso: string): string {
  return new Date(iso).toLocaleString('ko-KR')
}
