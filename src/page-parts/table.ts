import { fieldValue, html, Html, type HtmlValue } from '../base/text/html.js'
import { formatNumber } from '../base/text/quantity.js'
import { type ListOrder, sortHeading, type SortValue } from './sorting.js'

/**
 * A column of a table. A name heads its row, and `wide` is as wide as a name. `n` is a number,
 * `size` a size, `date` a time, and `health` says how a swarm is. `pick` is a box to check, and
 * `get` has links; boxes and buttons have no title. `key` is the order of the column if the table
 * can be sorted; `more` are the orders by what stands below a name.
 */
export type Column = readonly [
  title: string,
  kind?: 'name' | 'wide' | 'n' | 'size' | 'date' | 'health' | 'pick' | 'get',
  key?: string,
  more?: readonly SortValue[],
]

/** A cell with a class of its own. */
export class StyledCell {
  constructor(
    readonly content: HtmlValue,
    readonly style: string,
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
  /** The order of the rows; by default, nobody can change it. */
  readonly order?: ListOrder<string> | null
  /** The class of the table; by default each row is a block on narrow screens. */
  readonly style?: string
  /** Buttons for the chosen rows, which take the place of the head. */
  readonly chosen?: HtmlValue
}

/**
 * Renders a table. If there are boxes to check in a form, a script offers to check all. Only a
 * `listing` never scrolls sideways.
 */
export function renderTable(table: Table): Html {
  const { label, columns, rows, order, style = 'stack', chosen = null } = table
  const renderRow = rowRenderer(columns, style)
  const hasBoxes = columns.some(([, kind]) => kind === 'pick')
  const named = html`aria-label="${label}"`
  return html`<div class="list" ${style !== 'listing' && html`tabindex="0" role="group" ${named}`}>
    ${chosen && html`<div class="chosen">${chosen}</div>`}
    <table class="rows ${style}" ${named} ${hasBoxes && html`data-all`}>
      <thead>
        <tr>
          ${columns.map((column) => renderHead(column, order ?? null))}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => (row instanceof Html ? row : renderRow(row)))}
      </tbody>
    </table>
  </div>`
}

function renderHead(column: Column, order: ListOrder<string> | null): Html {
  const [title, , key, more = []] = column
  const style = classOf(column)
  if (order && key !== undefined) return sortHeading([{ key, title }, ...more], style, order)
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
  const [title, kind] = column
  const isName = kind === 'name'
  const [tag, end] = isName ? [html`th scope="row"`, html`</th>`] : [html`td`, html`</td>`]
  const label = isBlock && !isName && title !== '' && html` data-label="${title}"`
  const start = (style: string) => html`<${tag}${classAttribute(style)}${label}>`
  const usual = start(classOf(column))
  return (cell) => {
    if (cell instanceof StyledCell) return html`${start(cell.style)}${cell.content}${end}`
    const shown = kind === 'n' && typeof cell === 'number' ? formatNumber(cell) : cell
    return html`${usual}${shown}${end}`
  }
}

function classAttribute(style: string): Html | false {
  return style !== '' && html` class="${style}"`
}

function classOf([, kind]: Column): string {
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
