import { fieldValue, html, Html, type HtmlValue } from '../base/text/html.js'
import { formatNumber } from '../base/text/quantity.js'
import { type ListOrder, sortHeading } from './sorting.js'

/**
 * A column of a table. A name heads its row, and `wide` is as wide as a name. `n` is a number,
 * `size` a size, `date` a time, and `swarm` the numbers of a swarm. `pick` is a box to check, and
 * `get` has links; boxes and buttons have no title. `key` is the order of the column if the table
 * can be sorted, and a class of numbers.
 */
export type Column = readonly [
  title: string,
  kind?: 'name' | 'wide' | 'n' | 'size' | 'date' | 'swarm' | 'pick' | 'get' | 'hash',
  key?: string,
]

/** A cell with a class of its own, and words that say what its content means. */
export class StyledCell {
  constructor(
    readonly content: HtmlValue,
    readonly style: string,
    readonly meaning: string | null = null,
  ) {}
}

type Cell = HtmlValue | StyledCell

/** The cells of a row. */
export type Cells = readonly Cell[]

/** The content of a table. */
export interface Table {
  /** Names the table for screen readers. */
  readonly label: string
  readonly columns: readonly Column[]
  /** The cells of each row, or what `rowRenderer` made of them. */
  readonly rows: readonly (Cells | Html)[]
  /** The cells of a last row with sums. */
  readonly totals?: Cells | undefined
  /** The order of the rows; by default, nobody can change it. */
  readonly order?: ListOrder<string> | null
  /**
   * The class of the table; by default each row is a block on narrow screens. Only a `listing` is
   * in no box that scrolls sideways.
   */
  readonly style?: string
}

/** Renders a table. If there are boxes to check in a form, a script offers to check all. */
export function renderTable(table: Table): Html {
  const { label, columns, rows, totals, order, style = 'stack' } = table
  const renderRow = rowRenderer(columns, style)
  const hasBoxes = columns.some(([, kind]) => kind === 'pick')
  const named = html`aria-label="${label}"`
  const whole = html`<table class="rows ${style}" ${named} ${hasBoxes && html`data-all`}>
    <thead>
      <tr>
        ${columns.map((column) => renderHead(column, order ?? null))}
      </tr>
    </thead>
    <tbody>
      ${rows.map((row) => (row instanceof Html ? row : renderRow(row)))}
    </tbody>
    ${
      totals !== undefined &&
      html`<tfoot>
        ${renderRow(totals)}
      </tfoot>`
    }
  </table>`
  if (style === 'listing') return whole
  return html`<div class="scroll" tabindex="0" role="group" ${named}>${whole}</div>`
}

function renderHead(column: Column, order: ListOrder<string> | null): Html {
  const [title, , key] = column
  const style = classOf(column)
  if (order && key !== undefined) return sortHeading({ key, title, style }, order)
  const attribute = classAttribute(style)
  return title === '' ? html`<td${attribute}></td>` : html`<th${attribute}>${title}</th>`
}

/** Renders the rows of a table of that style; a caller with many rows does it in slices. */
export function rowRenderer(columns: readonly Column[], style: string): (cells: Cells) => Html {
  // There may be thousands of rows
  const renderers = columns.map((column) => cellRenderer(column, style === 'stack'))
  return (cells) =>
    html`<tr>
      ${cells.map((cell, at) => renderers[at]?.(cell) ?? null)}
    </tr>`
}

/** In blocks, labels replace the headings. */
function cellRenderer(column: Column, isBlock: boolean): (cell: Cell) => Html {
  const [title, kind, key] = column
  const isName = kind === 'name'
  const [tag, end] = isName ? [html`th scope="row"`, html`</th>`] : [html`td`, html`</td>`]
  const label = isBlock && !isName && title !== '' && html` data-label="${title}"`
  const start = (style: string) => html`<${tag}${classAttribute(style)}${label}`
  const [usual, zero] = [start(classOf(column)), start(`${classOf(column)} none`)]
  return (cell) => {
    if (cell instanceof StyledCell) {
      const { content, style, meaning } = cell
      const words = meaning !== null && html` title="${meaning}" aria-label="${meaning}"`
      return html`${start(style)}${words}>${content}${end}`
    }
    const shown = kind === 'n' && typeof cell === 'number' ? formatNumber(cell) : cell
    return html`${key !== undefined && cell === 0 ? zero : usual}>${shown}${end}`
  }
}

function classAttribute(style: string): Html | false {
  return style !== '' && html` class="${style}"`
}

function classOf([, kind, key]: Column): string {
  if (kind === 'n' && key !== undefined) return `n ${key}`
  if (kind === 'size') return 'n'
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
