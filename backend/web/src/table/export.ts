import type { Cell, Table } from '../chat/protocol'

/** A table as CSV that spreadsheets open in Korean (UTF-8 with a byte order mark, CRLF). */
export function csv(table: Table): string {
  const lines = [table.columns, ...table.rows].map((row) => row.map(csvField).join(','))
  return `\uFEFF${lines.join('\r\n')}\r\n`
}

/** A table as tab-separated text for pasting into a spreadsheet. */
export function tsv(table: Table): string {
  return [table.columns, ...table.rows].map((row) => row.map((cell) => plain(cell).replace(/[\t\r\n]+/g, ' ')).join('\t')).join('\n')
}

/** A title as a file's name. */
export function fileName(title: string): string {
  return `${title.replace(/[^\p{L}\p{N}&+%-]+/gu, '_').replace(/^_+|_+$/g, '').slice(0, 60) || 'etf-atlas'}.csv`
}

function csvField(cell: Cell): string {
  const text = plain(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function plain(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'object') return JSON.stringify(cell)
  // A spreadsheet would run text that begins like a formula.
  return typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : String(cell)
}
