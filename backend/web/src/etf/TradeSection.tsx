import { useState } from 'react'

import { DataTable } from '../table/DataTable'
import { date } from '../table/format'
import { tradeTable } from './basket'
import { Section } from './Section'
import type { Changes, EtfDetail } from './types'
import { type Answer, useAnswer } from './useAnswer'

const PERIODS = [
  { label: '최근', days: null },
  { label: '1주', days: 7 },
  { label: '1개월', days: 31 },
  { label: '3개월', days: 92 },
]
const DAY_MS = 86_400_000

interface TradeSectionProps {
  etf: EtfDetail
  /** The latest change, which the basket needs as well. */
  latest: Answer<Changes>
  moment: number
}

/** What was bought and sold: since the snapshot before, or over a period that can be chosen. */
export function TradeSection({ etf, latest, moment }: TradeSectionProps) {
  const [days, setDays] = useState<number | null>(null)
  const last = etf.holdings_date
  const path = days !== null && last ? `/api/etfs/${etf.code}/changes?from=${earlier(last, days)}` : null
  const over = useAnswer<Changes>(path, moment)
  return (
    <Section
      title="최근 매매" answer={path ? over : latest}
      tools={
        last && (
          <span className="chart-periods" role="group" aria-label="매매를 볼 기간">
            {PERIODS.map((period) => (
              <button type="button" key={period.label} aria-pressed={period.days === days} onClick={() => setDays(period.days)}>
                {period.label}
              </button>
            ))}
          </span>
        )
      }
    >
      {({ previous, date: until, changes }) =>
        changes.length > 0 ? (
          <>
            <p className="etf-lead">
              {date(previous)} → {date(until)} · 설정 단위의 조정을 걷어낸 수량의 변화로, 가격 변동은 매매가 아닙니다
            </p>
            <DataTable key={previous} table={tradeTable(`${etf.name} 매매`, changes)} />
          </>
        ) : (
          <p className="etf-note">
            {date(previous)}과 {date(until)} 사이에 사고판 종목이 없습니다.
          </p>
        )
      }
    </Section>
  )
}

/** The day after which trades are counted: with it, the snapshot that they are compared with lies before the period. */
function earlier(iso: string, days: number): string {
  return new Date(Date.parse(iso) - (days - 1) * DAY_MS).toISOString().slice(0, 10)
}
