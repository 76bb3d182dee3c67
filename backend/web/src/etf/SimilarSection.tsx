import { DataTable } from '../table/DataTable'
import { Section } from './Section'
import type { EtfDetail, SimilarEtfs } from './types'
import { useAnswer } from './useAnswer'

/** ETFs with like baskets, beside their fees and sizes. */
export function SimilarSection({ etf, moment }: { etf: EtfDetail; moment: number }) {
  const answer = useAnswer<SimilarEtfs>(`/api/etfs/${etf.code}/similar?limit=10`, moment)
  return (
    <Section title="비슷한 ETF" answer={answer}>
      {({ similar }) =>
        similar.length > 0 ? (
          <DataTable
            table={{
              title: `${etf.name} · 구성종목이 겹치는 ETF`,
              columns: ['ETF', '코드', '겹침(%)', '총보수(연 %)', '순자산(원)', '운용사'],
              rows: similar.map((other) => [other.name, other.code, other.overlap_pct, other.fee_pct, other.aum_krw, other.company]),
            }}
          />
        ) : (
          <p className="etf-note">구성종목이 겹치는 ETF가 없습니다.</p>
        )
      }
    </Section>
  )
}
