import { describe, expect, it } from 'vitest'

import type { Cell, Table } from '../chat/protocol'
import { type Column, describeColumns } from './column'
import { csv, fileName, tsv } from './export'
import { date, duration, shown, won } from './format'
import { nextOrder, sorted } from './sort'

function column(name: string, ...values: Cell[]): Column {
  return describeColumns({ title: '', columns: [name], rows: values.map((value) => [value]) })[0]!
}

function text(name: string, value: Cell, ...others: Cell[]): string | undefined {
  return shown(value, column(name, value, ...others))?.text
}

describe('what a column holds', () => {
  it.each([
    ['비중(%)', [1.5, null], 'percent', '%'],
    ['보수율(%)', [0.15], 'percent', '%'],
    ['총보수(연 %)', [0.15], 'percent', '연 %'],
    ['수익률(%)', [-1.5], 'change', '%'],
    ['비중 변화(%p)', [0.2], 'change', '%p'],
    ['순자산(원)', [1e12], 'won', '원'],
    ['종가(원)', [35_000], 'won', '원'],
    ['종목코드', ['005930'], 'code', null],
    ['기준일', ['2026-07-08'], 'date', null],
    ['수량', [1200], 'number', null],
    ['이름', ['삼성전자'], 'text', null],
    ['비고', [null], 'text', null],
    ['섞임', [1, '없음'], 'text', null],
  ] as const)('%s %j is %s', (name, values, kind, unit) => {
    expect(column(name, ...values)).toMatchObject({ kind, unit })
  })

  it('takes the unit out of the name', () => {
    expect(column('비중(%)', 1).label).toBe('비중')
  })

  it('draws bars for shares of a whole, never for changes or negative shares', () => {
    expect(column('비중(%)', 10, 20).barMaximum).toBe(20)
    expect(column('비중 변화(%p)', 10, 20).barMaximum).toBeNull()
    expect(column('비중(%)', -10, 20).barMaximum).toBeNull()
  })
})

describe('how a value is shown', () => {
  it.each([
    [21_000_000_000_000, '21조'],
    [1_234_567_890_123, '1조 2,346억'],
    [1_999_999_999_999, '2조'],
    [123_456_789_012, '1,235억'],
    [5_670_000_000, '56.7억'],
    [99_999_999, '99,999,999'],
    [-300_000_000_000, '-3,000억'],
    [35_120.5, '35,120.50'],
    [0, '0'],
  ])('%d won is %s', (value, expected) => {
    expect(won(value)).toBe(expected)
  })

  it('keeps the exact amount beside a rounded one', () => {
    expect(shown(1_234_567_890_123, column('순자산(원)', 1))).toEqual({ text: '1조 2,346억', exact: '1,234,567,890,123원' })
  })

  it.each([
    ['비중(%)', 27.3, '27.30'],
    ['보수(%)', 0.15, '0.150'],
    ['수익률(%)', 3.456, '+3.46'],
    ['수익률(%)', -3.456, '−3.46'],
    ['수익률(%)', 0.001, '0.00'],
    ['수량', 1234567, '1,234,567'],
    ['종목코드', 5930, '5930'],
    ['상장', true, '예'],
  ] as const)('%s %s is %s', (name, value, expected) => {
    expect(text(name, value)).toBe(expected)
  })

  it('gives one column the same number of decimals', () => {
    expect(text('NAV', 10, 10.25)).toBe('10.00')
  })

  it('tells a missing value from zero', () => {
    expect(shown(null, column('비중(%)', 1))).toBeNull()
    expect(text('비중(%)', 0)).toBe('0.00')
  })

  it('writes dates and durations as people read them', () => {
    expect(date('2026-07-08')).toBe('2026. 7. 8.')
    expect([12, 420, 9_940, 59_700, 65_000].map(duration)).toEqual(['0.01초', '0.4초', '9.9초', '1분 0초', '1분 5초'])
  })
})

describe('sorting', () => {
  const rows: Cell[][] = [['나', 2], ['가', null], ['다', 10]]

  it('orders numbers as numbers and puts missing values last either way', () => {
    expect(sorted(rows, { column: 1, direction: 'descending' }).map((row) => row[1])).toEqual([10, 2, null])
    expect(sorted(rows, { column: 1, direction: 'ascending' }).map((row) => row[1])).toEqual([2, 10, null])
  })

  it('starts numbers with the largest, and gives the original order at the third click', () => {
    const first = nextOrder(null, 1, true)
    expect(first).toEqual({ column: 1, direction: 'descending' })
    const second = nextOrder(first, 1, true)
    expect(second).toEqual({ column: 1, direction: 'ascending' })
    expect(nextOrder(second, 1, true)).toBeNull()
  })
})

describe('taking a table along', () => {
  const table: Table = { title: '보유: "A/B" 상위 10', columns: ['이름', '값'], rows: [['쉼표, "따옴표"', 1.5], ['=SUM(A1)', null], ['-3%', -3]] }

  it('writes CSV that a spreadsheet opens in Korean without running anything', () => {
    expect(csv(table)).toBe('\uFEFF이름,값\r\n"쉼표, ""따옴표""",1.5\r\n\'=SUM(A1),\r\n\'-3%,-3\r\n')
  })

  it('copies rows as tabs and lines', () => {
    expect(tsv(table).split('\n')[1]).toBe('쉼표, "따옴표"\t1.5')
  })

  it('names the file after the table', () => {
    expect(fileName(table.title)).toBe('보유_A_B_상위_10.csv')
    expect(fileName('///')).toBe('etf-atlas.csv')
  })
})
