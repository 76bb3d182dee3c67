import { DataTable } from '../table/DataTable'
import { date, number } from '../table/format'
import { basketTable, positions } from './basket'
import { Section } from './Section'
import { TradeSection } from './TradeSection'
import type { Changes, EtfDetail, Holdings } from './types'
import { useAnswer } from './useAnswer'

/** What the ETF holds, what became of it since the snapshot before, and what was traded for that. */
export function BasketSection({ etf, moment }: { etf: EtfDetail; moment: number }) {
  const now = useAnswer<Holdings>(`/api/etfs/${etf.code}/holdings`, moment)
  const changes = useAnswer<Changes>(`/api/etfs/${etf.code}/changes`, moment)
  const previous = changes.state === 'ready' ? changes.value.previous : null
  const before = useAnswer<Holdings>(previous && `/api/etfs/${etf.code}/holdings?date=${previous}`, moment)
  const trades = changes.state === 'ready' ? changes.value.changes : []
  return (
    <>
      <Section title="구성종목" answer={now}>
        {(holdings) => (
          <>
            <p className="etf-lead">
              {date(holdings.date)} 기준 {number(holdings.total)}개 · 비중 합 {number(holdings.weight_sum_pct, 2)}%
              {previous && ` · 비중 변화는 ${date(previous)}과 비교한 것으로, 사고팔지 않아도 가격이 움직이면 달라집니다`}
            </p>
            <DataTable
              table={basketTable(`${etf.name} 구성종목`, positions(holdings, before.state === 'ready' ? before.value : null, trades))}
              links={(row) => (row[1] !== null && etfCode(row) ? `/etf/${row[1]}` : null)}
            />
          </>
        )}
      </Section>
      <TradeSection etf={etf} latest={changes} moment={moment} />
    </>
  )
}

function etfCode(row: unknown[]): boolean {
  return row[2] === 'ETF' && typeof row[1] === 'string' && /^[0-9A-Z]{6}$/.test(row[1])
}
