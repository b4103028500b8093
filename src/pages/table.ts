import { html, type Html, type HtmlValue } from '../text/html.js'

/** A column of a table: a name heads its row, `n` is a number, `date` a time. */
export interface Column {
  readonly title: string
  readonly kind?: 'name' | 'n' | 'date'
}

/** The content of a table. */
export interface Table {
  /** Names the table for screen readers. */
  readonly label: string
  readonly columns: readonly Column[]
  /** The cells of each row. */
  readonly rows: readonly (readonly HtmlValue[])[]
}

/** Renders a table in a box that scrolls sideways. On narrow screens each row is a block. */
export function renderTable({ label, columns, rows }: Table): Html {
  const heads = columns.map(({ title, kind }) => html`<th class="${kind ?? ''}">${title}</th>`)
  const body = rows.map((cells) => {
    return html`<tr>
      ${cells.map((cell, at) => renderCell(cell, columns[at]))}
    </tr>`
  })
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}">
    <table class="stack">
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
  if (kind === 'name') return html`<th class="name" scope="row">${cell}</th>`
  return html`<td class="${kind ?? ''}" data-label="${title}">${cell}</td>`
}
