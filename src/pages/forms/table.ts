import { fieldValue, html, type Html, type HtmlValue } from '../../base/text/html.js'
import { formatNumber } from '../../base/text/quantity.js'

/**
 * A column of a table: a name heads its row, `wide` is as wide as a name, `n` is a number, `date` a
 * time, `box` a box to check, and `get` links. One of boxes or buttons has no title.
 */
interface Column {
  readonly title: string
  readonly kind?: 'name' | 'wide' | 'n' | 'date' | 'box' | 'get'
  /** The whole heading, such as one that sorts. */
  readonly heading?: Html
}

/** The content of a table. */
export interface Table {
  /** Names the table for screen readers. */
  readonly label: string
  readonly columns: readonly Column[]
  /** The cells of each row. */
  readonly rows: readonly (readonly HtmlValue[])[]
}

/**
 * Renders a table in a box that scrolls sideways. On narrow screens each row is a block. If there
 * are boxes to check, a script offers to check all.
 */
export function renderTable({ label, columns, rows }: Table): Html {
  const heads = columns.map(({ title, kind, heading }) => {
    if (heading) return heading
    return title === '' ? html`<td></td>` : html`<th class="${classOf(kind)}">${title}</th>`
  })
  const body = rows.map((cells) => {
    return html`<tr>
      ${cells.map((cell, at) => renderCell(cell, columns[at]))}
    </tr>`
  })
  const hasBoxes = columns.some(({ kind }) => kind === 'box')
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}">
    <table class="rows stack" ${hasBoxes && html`data-all`}>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}

function renderCell(cell: HtmlValue, { kind, title = '' }: Partial<Column> = {}): Html {
  const shown = kind === 'n' && typeof cell === 'number' ? formatNumber(cell) : cell
  if (kind === 'name') return html`<th class="name" scope="row">${cell}</th>`
  return html`<td class="${classOf(kind)}" data-label="${title}">${shown}</td>`
}

function classOf(kind: Column['kind']): string {
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
