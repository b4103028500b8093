import type { VerifiedFile } from '../../core/verify/verify-report.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { html, type Html } from '../../text/html.js'
import { count } from '../../text/quantity.js'

/** The states of a piece; if a cell stands for several, the first in this order is shown. */
const STATES = ['bad', 'missing', 'unread', 'good'] as const

/** The state of a piece. */
export type PieceState = (typeof STATES)[number]

/** A map of pieces, each cell of which stands for as many. */
export interface PieceMap {
  readonly cells: readonly PieceState[]
  readonly piecesPerCell: number
  readonly pieces: number
}

/** The most cells of a map. */
const MOST_CELLS = 2400

/** Maps what a check found about files to the pieces of their torrent. */
export function mapPieces(metainfo: Metainfo, files: readonly VerifiedFile[]): PieceMap {
  const { pieceLength, pieceCount } = metainfo
  const piecesPerCell = Math.max(1, Math.ceil(pieceCount / MOST_CELLS))
  const cells = new Uint8Array(Math.ceil(pieceCount / piecesPerCell)).fill(STATES.indexOf('good'))
  const cellLength = pieceLength * piecesPerCell
  const mark = (from: number, to: number, state: PieceState) => {
    const index = STATES.indexOf(state)
    for (let at = Math.floor(from / cellLength); at * cellLength < to && at < cells.length; at++)
      cells[at] = Math.min(cells[at] ?? index, index)
  }
  const byPath = new Map(files.map((file) => [file.path.join('/'), file]))
  for (const { path, length, start } of placedFiles(metainfo)) {
    const file = byPath.get(path)
    if (!file || length === 0) continue
    for (const [from, to] of file.unchecked) mark(start + from, start + to, 'unread')
    if (file.found === null) mark(start, start + length, 'missing')
    else for (const [from, to] of file.ranges) mark(start + from, start + to, 'bad')
  }
  const named = [...cells].map((index) => STATES[index] ?? 'good')
  return { cells: named, piecesPerCell, pieces: pieceCount }
}

/** The files of a torrent with the offset at which their pieces begin. */
function* placedFiles({ files, version, pieceLength }: Metainfo) {
  let start = 0
  for (const { path, length, padding } of files) {
    // In v2 each file begins a piece
    if (version === 'v2') start = Math.ceil(start / pieceLength) * pieceLength
    if (!padding) yield { path: path.join('/'), length, start }
    start += length
  }
}

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
