import { DataTable } from '../table/DataTable'
import { number, won } from '../table/format'
import { Section } from './Section'
import type { EtfDetail, EtfSummary } from './types'
import { type Answer, useAnswer } from './useAnswer'

interface Company {
  name: string
  brands: string[]
  etfs: number
  active_etfs: number
  aum_krw: number | null
}

/** How many of the manager's ETFs are listed, the largest first. */
const LISTED = 6

/** Who manages the ETF, and what else they manage. */
export function ManagerSection({ etf, moment }: { etf: EtfDetail; moment: number }) {
  const { company } = etf
  const companies = useAnswer<{ companies: Company[] }>(company && '/api/companies', moment)
  const others = useAnswer<{ etfs: EtfSummary[] }>(company && `/api/etfs?company=${encodeURIComponent(company)}&limit=${LISTED + 1}`, moment)
  if (!company) return null
  return (
    <Section title="운용사" answer={others}>
      {({ etfs }) => (
        <>
          <p className="etf-lead">{introduction(company, companies)}</p>
          <Others company={company} etfs={etfs.filter(({ code }) => code !== etf.code).slice(0, LISTED)} />
        </>
      )}
    </Section>
  )
}

function introduction(name: string, companies: Answer<{ companies: Company[] }>): string {
  const found = companies.state === 'ready' ? companies.value.companies.find((company) => company.name === name) : undefined
  if (!found) return name
  return [
    name, found.brands.length > 0 && found.brands.join(', '), `ETF ${number(found.etfs)}개(액티브 ${number(found.active_etfs)}개)`,
    found.aum_krw !== null && `순자산 ${won(found.aum_krw)}원`,
  ]
    .filter(Boolean)
    .join(' · ')
}

function Others({ company, etfs }: { company: string; etfs: EtfSummary[] }) {
  if (etfs.length === 0) return <p className="etf-note">이 운용사의 다른 ETF가 없습니다.</p>
  return (
    <DataTable
      table={{
        title: `${company}의 다른 ETF`,
        columns: ['ETF', '코드', '총보수(연 %)', '순자산(원)', '기초지수'],
        rows: etfs.map((other) => [other.name, other.code, other.fee_pct, other.aum_krw, other.index_name]),
      }}
    />
  )
}
