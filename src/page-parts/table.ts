import { fieldValue, html, type Html, type HtmlValue } from '../base/text/html.js'
import { formatNumber } from '../base/text/quantity.js'
import { type ListOrder, sortHeading } from './sorting.js'

/**
 * A column of a table. A name heads its row, `wide` is as wide as a name, `n` is a number, `date` a
 * time, `pick` a box to check, and `get` links; boxes and buttons have no title. `key` is the order
 * of the column if the table can be sorted, and a class of numbers.
 */
type Column = readonly [
  title: string,
  kind?: 'name' | 'wide' | 'n' | 'date' | 'pick' | 'get' | 'hash',
  key?: string,
]

/** The content of a table. */
export interface Table {
  /** Names the table for screen readers. */
  readonly label: string
  readonly columns: readonly Column[]
  /** The cells of each row. */
  readonly rows: readonly (readonly HtmlValue[])[]
  /** The cells of a last row with sums. */
  readonly totals?: readonly HtmlValue[] | undefined
  /** The order of the rows; by default, nobody can change it. */
  readonly order?: ListOrder<string> | null
  /** The class of the table; by default each row is a block on narrow screens. */
  readonly style?: string
}

/**
 * Renders a table in a box that scrolls sideways. If there are boxes to check, a script offers to
 * check all.
 */
export function renderTable(table: Table): Html {
  const { label, columns, rows, totals, order, style = 'stack' } = table
  const heads = columns.map((column) => {
    const [title, , key] = column
    const style = classOf(column)
    if (order && key !== undefined) return sortHeading({ key, title, style }, order)
    return title === ''
      ? html`<td class="${style}"></td>`
      : html`<th class="${style}">${title}</th>`
  })
  const bodyRow = (cells: readonly HtmlValue[]) =>
    html`<tr>
      ${cells.map((cell, at) => renderCell(cell, columns[at] ?? [''], style === 'stack'))}
    </tr>`
  const hasBoxes = columns.some(([, kind]) => kind === 'pick')
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}">
    <table class="rows ${style}" aria-label="${label}" ${hasBoxes && html`data-all`}>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows.map(bodyRow)}
      </tbody>
      ${
        totals !== undefined &&
        html`<tfoot>
          ${bodyRow(totals)}
        </tfoot>`
      }
    </table>
  </div>`
}

/** In blocks, labels replace the headings. */
function renderCell(cell: HtmlValue, column: Column, isBlock: boolean): Html {
  const [title, kind, key] = column
  if (kind === 'name') return html`<th class="name" scope="row">${cell}</th>`
  // One text, as there may be thousands
  const style = classOf(column) + (key !== undefined && cell === 0 ? ' none' : '')
  const shown = kind === 'n' && typeof cell === 'number' ? formatNumber(cell) : cell
  if (!isBlock || title === '') return html`<td class="${style}">${shown}</td>`
  return html`<td class="${style}" data-label="${title}">${shown}</td>`
}

function classOf([, kind, key]: Column): string {
  if (kind === 'n' && key !== undefined) return `n ${key}`
  return kind === 'wide' ? 'name' : (kind ?? '')
}

/** The cell of a column of boxes. `label` names the thing for screen readers. */
export function rowBox(name: string, value: string, label: string, isChecked = false): Html {
  return html`<input
    type="checkbox"
    name="${name}"
    value="${fieldValue(value)}"
    aria-label="${label}"
    ${isChecked && html`checked`}
  />`
}
