import { html, type Html } from '../../text/html.js'
import { count } from '../../text/quantity.js'
import { STATES, type PieceMap, type PieceState } from '../../work/piece-map.js'

const COLUMNS = 80
const CELL = 10

const TITLES: Readonly<Record<PieceState, string>> = {
  good: 'good',
  bad: 'damaged',
  missing: 'missing',
  unread: 'not read',
}

/** Draws a map with its key. */
export function renderMap({ cells, piecesPerCell, pieces }: PieceMap): Html {
  const rows = Math.ceil(cells.length / COLUMNS)
  const columns = Math.min(COLUMNS, cells.length)
  const each = piecesPerCell === 1 ? 'one piece' : `${piecesPerCell} pieces`
  return html`<svg
      class="map"
      viewBox="0 0 ${CELL * columns} ${CELL * rows}"
      role="img"
      aria-label="Map of ${count(pieces, 'piece')}"
    >
      ${STATES.map((state) => squaresOf(state, cells))}
    </svg>
    <ul class="key">
      ${STATES.toReversed().map((state) => keyOf(state, cells))}
      <li class="muted">a square is ${each}</li>
    </ul>`
}

const SQUARE = 'h8v8h-8z'

function squaresOf(state: PieceState, cells: readonly PieceState[]): Html {
  const squares = cells.flatMap((each, at) => {
    if (each !== state) return []
    return `M${CELL * (at % COLUMNS)} ${CELL * Math.floor(at / COLUMNS)}${SQUARE}`
  })
  return html`<path class="${state}" d="${squares.join('')}" />`
}

function keyOf(state: PieceState, cells: readonly PieceState[]): Html {
  const number = cells.filter((each) => each === state).length
  return html`<li>
    <svg class="map" viewBox="0 0 8 8" aria-hidden="true">
      <path class="${state}" d="M0 0${SQUARE}" /></svg
    >${TITLES[state]}: ${number}
  </li>`
}
