// What a column holds, read from its name and its values: the queries name their columns in Korean with the unit in brackets.

import type { Cell, Table } from '../chat/protocol'

export type ColumnKind = 'text' | 'code' | 'date' | 'number' | 'percent' | 'change' | 'won'

export interface Column {
  index: number
  /** The name as the query gave it. */
  name: string
  /** The name without its unit. */
  label: string
  /** The unit in brackets: %, %p, 원, 주, … */
  unit: string | null
  kind: ColumnKind
  /** Decimals that every number of the column is shown with. */
  decimals: number
  /** The largest value where shares of a whole are drawn as bars, else null. */
  barMaximum: number | null
}

const UNIT = /^(.*?)\s*[([]([^()[\]]{1,6})[)\]]\s*$/
const CODE = /코드|\bcode\b|isin|티커|ticker/i
const DATE = /^\d{4}-\d{2}-\d{2}/
const PERCENT_NAME = /비중|보수|수수료|수익률|괴리율|등락률|겹침|중복|집중도|weight|fee|premium|return/i
const CHANGE_NAME = /변화|변동|증감|수익률|괴리율|등락|차이|change|return|premium/i
const WON_NAME = /순자산|시가총액|거래대금|운용규모|금액|\baum\b|krw/i
const FEE_NAME = /보수|수수료|\bfee\b/i
const SHARE_NAME = /비중|겹침|중복|집중도|weight|overlap/i

export function isNumber(value: Cell | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

export function describeColumns(table: Table): Column[] {
  return table.columns.map((name, index) => describe(name, index, table.rows.map((row) => row[index] ?? null)))
}

function describe(name: string, index: number, values: Cell[]): Column {
  const [label, unit] = split(name)
  const kind = kindOf(name, unit, values)
  const numbers = values.filter(isNumber)
  const bars = kind === 'percent' && SHARE_NAME.test(name) && numbers.length > 1 && numbers.every((value) => value >= 0)
  return {
    index, name, label, unit: unit ?? (kind === 'percent' ? '%' : null), kind,
    decimals: decimalsOf(kind, name, numbers),
    barMaximum: bars ? Math.max(...numbers) || null : null,
  }
}

function split(name: string): [string, string | null] {
  const found = UNIT.exec(name)
  return found?.[1] && found[2] ? [found[1], found[2]] : [name, null]
}

function kindOf(name: string, unit: string | null, values: Cell[]): ColumnKind {
  const present = values.filter((value) => value !== null)
  if (present.length === 0) return 'text'
  if (present.every((value) => typeof value === 'string' && DATE.test(value))) return 'date'
  if (CODE.test(name)) return 'code'
  if (!present.every((value) => typeof value === 'number')) return 'text'
  const percent = unit === null ? PERCENT_NAME.test(name) : /%p?$/.test(unit)
  if (percent) return CHANGE_NAME.test(name) || unit?.endsWith('%p') ? 'change' : 'percent'
  return unit === '원' || WON_NAME.test(name) ? 'won' : 'number'
}

function decimalsOf(kind: ColumnKind, name: string, numbers: number[]): number {
  if (kind === 'percent' && FEE_NAME.test(name)) return 3
  if (kind === 'percent' || kind === 'change') return 2
  return Math.min(2, Math.max(0, ...numbers.map((value) => (String(value).split('.')[1] ?? '').length)))
}
