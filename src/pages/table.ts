import { html, type Html, type HtmlValue } from '../text/html.js'

/**
 * A column of a table: a name heads its row, `n` is a number, `date` a time. One of boxes or buttons
 * has no title.
 */
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
  const body = rows.map((cells) => {
    return html`<tr>
      ${cells.map((cell, at) => renderCell(cell, columns[at]))}
    </tr>`
  })
  return tableOfRows({ label, columns, rows: body })
}

/** The content of a table whose rows are ready. */
export interface TableOfRows extends Pick<Table, 'label' | 'columns'> {
  readonly rows: readonly Html[]
  /** Whether a script offers to check the boxes of all rows. */
  readonly hasBoxes?: boolean
}

/** Renders a table as renderTable, of whole rows. */
export function tableOfRows({ label, columns, rows, hasBoxes = false }: TableOfRows): Html {
  const heads = columns.map(({ title, kind }) => {
    return title === '' ? html`<td></td>` : html`<th class="${kind ?? ''}">${title}</th>`
  })
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}">
    <table class="stack" ${hasBoxes && html`data-all`}>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}

function renderCell(cell: HtmlValue, { kind, title = '' }: Partial<Column> = {}): Html {
  if (kind === 'name') return html`<th class="name" scope="row">${cell}</th>`
  return html`<td class="${kind ?? ''}" data-label="${title}">${cell}</td>`
}
