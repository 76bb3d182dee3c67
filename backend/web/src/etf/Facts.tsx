import { signed } from '../changes/changes'
import { date, number, won } from '../table/format'
import { dayChange } from './prices'
import type { EtfDetail, PriceDay } from './types'

interface Fact {
  term: string
  value: string | null
  /** What the value refers to: its date, its unit. */
  note?: string | null | undefined
  /** How it moved, %. */
  change?: { pct: number; note: string | null } | null
}

const asOf = (iso: string | null) => iso && `${date(iso)} 기준`

/** What is known of an ETF, each figure with the date it is of; what is unknown says so. */
export function Facts({ etf, prices }: { etf: EtfDetail; prices: PriceDay[] }) {
  const facts: Fact[] = [
    {
      term: '종가', value: etf.close_krw === null ? null : `${number(etf.close_krw)}원`, note: asOf(etf.price_date),
      change: dayChange(prices, etf.price_date),
    },
    { term: 'NAV', value: etf.nav_krw === null ? null : `${number(etf.nav_krw, 2)}원`, note: asOf(etf.price_date) },
    { term: '괴리율', value: etf.premium_pct === null ? null : `${signed(etf.premium_pct)}%`, note: asOf(etf.price_date) },
    { term: '순자산', value: etf.aum_krw === null ? null : `${won(etf.aum_krw)}원`, note: asOf(etf.aum_date) },
    { term: '총보수', value: etf.fee_pct === null ? null : `연 ${number(etf.fee_pct, 3)}%` },
    {
      term: '구성종목', value: etf.number_of_holdings === null ? null : `주식 ${number(etf.number_of_holdings)}종목`,
      note: asOf(etf.holdings_date),
    },
    {
      term: '상위 10종목', value: etf.top10_weight_pct === null ? null : `${number(etf.top10_weight_pct, 2)}%`,
      note: asOf(etf.holdings_date),
    },
    { term: '상장일', value: etf.listed && date(etf.listed) },
    { term: '기초지수', value: etf.index_name },
    { term: '복제 방법', value: etf.replication },
    { term: '설정 단위(CU)', value: etf.creation_unit === null ? null : `${number(etf.creation_unit)}주` },
    { term: 'ISIN', value: etf.isin },
  ]
  return (
    <>
      <dl className="facts">
        {facts.map(({ term, value, note, change }) => (
          <div className="fact" key={term}>
            <dt>{term}</dt>
            <dd>
              {value ?? <span className="unknown">알 수 없음</span>}
              {change && (
                <span className={`fact-change ${change.pct > 0 ? 'up' : change.pct < 0 ? 'down' : ''}`}>
                  {signed(change.pct)}%{change.note && <small> {change.note}</small>}
                </span>
              )}
              {value !== null && note && <span className="fact-note">{note}</span>}
            </dd>
          </div>
        ))}
      </dl>
      <p className="facts-source">날짜가 없는 항목은 {date(etf.as_of)} 시장 자료에 적힌 값입니다.</p>
    </>
  )
}
