// Names of ETFs that lead to their pages: a column called ETF with its code beside it.

import type { Cell, Table } from '../chat/protocol'

const ETF_NAME = /^ETF$/i
const CODE_NAME = /코드$|^code$/i
const ETF_CODE = /^[0-9A-Z]{6}$/

/** Returns for a row and the index of a column the address of the ETF that stands there, null where none does. */
export function etfLinks({ columns }: Table): (row: Cell[], index: number) => string | null {
  const places = new Set(columns.flatMap((name, index) => (ETF_NAME.test(name) && CODE_NAME.test(columns[index + 1] ?? '') ? [index] : [])))
  return (row, index) => {
    const code = row[index + 1]
    return places.has(index) && typeof code === 'string' && ETF_CODE.test(code) ? `/etf/${code}` : null
  }
}

/** The code of the ETF whose page an address is; null where it is another's. */
export function etfAt(address: string): string | null {
  return /^\/etf\/([0-9A-Z]{6})$/.exec(address)?.[1] ?? null
}
