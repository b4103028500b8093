import { escapeText } from '../../text/escape.js'

/** A cell: text of anybody, a number, or nothing. */
export type Cell = string | number | null

/** Spreadsheets take text that begins like this for a formula, and run it. */
const FORMULA = /^[\s=+@\-|%]/

/**
 * Writes a table as CSV (RFC 4180). Text that a spreadsheet would run gets an apostrophe in front;
 * invisible characters become escapes.
 */
export function formatCsv(rows: readonly (readonly Cell[])[]): string {
  return rows.map((cells) => `${cells.map(formatCell).join(',')}\r\n`).join('')
}

function formatCell(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = escapeText(cell)
  const inert = FORMULA.test(text) ? `'${text}` : text
  return /[",;]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
