import type { VerifiedFile } from '../../core/verify/verify-report.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { streamedFiles } from '../../metainfo/streamed-files.js'

/** The states of a piece; if a cell stands for several, the first in this order is shown. */
export const STATES = ['bad', 'missing', 'unread', 'good'] as const

/** The state of a piece. */
export type PieceState = (typeof STATES)[number]

/** A map of pieces, each cell of which stands for as many. */
export interface PieceMap {
  readonly cells: readonly PieceState[]
  readonly piecesPerCell: number
  readonly pieces: number
  /** The files of the cells, in order. */
  readonly runs: readonly FileRun[]
}

/** Adjacent cells that have bytes of the same files. */
interface FileRun {
  /** The path of the first one. */
  readonly file: string
  /** How many others there are. */
  readonly others: number
  readonly cells: number
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
  return { cells: named, piecesPerCell, pieces: pieceCount, runs: runsOf(metainfo, cellLength) }
}

function runsOf(metainfo: Metainfo, cellLength: number): FileRun[] {
  const cells: { file: string; others: number }[] = []
  for (const { path, length, start } of placedFiles(metainfo)) {
    if (length === 0) continue
    for (let at = Math.floor(start / cellLength); at * cellLength < start + length; at++) {
      const cell = cells[at]
      if (cell) cell.others++
      else cells[at] = { file: path, others: 0 }
    }
  }
  const runs: (FileRun & { cells: number })[] = []
  for (const { file, others } of cells) {
    const last = runs.at(-1)
    if (last?.file === file && last.others === others) last.cells++
    else runs.push({ file, others, cells: 1 })
  }
  return runs
}

/** The files of a torrent with the offset at which their pieces begin. */
function* placedFiles(metainfo: Metainfo) {
  let start = 0
  for (const { path, length, padding } of streamedFiles(metainfo)) {
    if (!padding) yield { path: path.join('/'), length, start }
    start += length
  }
}
