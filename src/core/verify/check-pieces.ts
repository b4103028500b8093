import { Buffer } from 'node:buffer'
import { hashStream } from '../../hash/hash-stream.js'
import { createReadFailures, listUnreadable } from '../../hash/stream/read-failures.js'
import type { HashContext } from '../digests/hash-content.js'
import {
  createTable,
  DIGEST,
  getPieces,
  setPieces,
  type PieceTable,
  unknownFiles,
} from '../digests/piece-table.js'
import { recallPieces, rememberPieces } from '../digests/recall-pieces.js'
import { findWriters } from '../digests/writers.js'
import { markChangedFiles } from './changed-files.js'
import { scannedContent, streamFiles, type FoundFile } from './content.js'
import { BAD, GOOD, SUSPECT, UNCHECKED, type PieceStates } from './pieces.js'

/** The input of a check. */
export interface PieceCheck {
  /** In stream order, with pad files. */
  readonly files: readonly FoundFile[]
  /** The states of the pieces. Pieces that are not UNCHECKED get their state. */
  readonly pieces: PieceStates
  /** The expected digests, 20 bytes each. */
  readonly expected: Uint8Array
}

/** The errors of files by real path. */
export interface FileFailures {
  readonly changed: ReadonlyMap<string, string>
  readonly unreadable: ReadonlyMap<string, string>
}

/**
 * Computes the digests of all complete pieces, reads those that the cache does not know, and
 * compares them. Pieces that cannot be read or change meanwhile become UNCHECKED.
 * @throws BtkitError `interrupted`
 */
export async function checkPieces(
  check: PieceCheck,
  { engine, cacheAccess }: HashContext,
): Promise<FileFailures> {
  const { files, pieces, expected } = check
  const scanned = scannedContent(files, { version: 'v1', pieceLength: pieces.pieceLength })
  const stream = () => streamFiles(files, pieces.pieceLength)
  if (scanned) await cacheAccess.adopt?.({ content: scanned, stream, engine })
  const table = scanned
    ? recallPieces(scanned, cacheAccess)
    : createTable({ version: 'v1', files: [], pieceCount: pieces.states.length })
  const startedMs = cacheAccess.now()
  const unknown = listUnknown(table, pieces)
  const { openForWriting } = findWriters(scanned ? unknownFiles(scanned, table) : [])
  const unreadable = await readPieces(check, { table, unknown }, engine)
  const changed = markChangedFiles(files, pieces)
  if (scanned && unknown.length > 0 && unreadable.size + changed.size === 0) {
    rememberPieces(scanned, table, { ...cacheAccess, startedMs, openForWriting })
  }
  const shared = findShared(files, pieces)
  pieces.states.forEach((state, piece) => {
    if (state === UNCHECKED) return
    const digest = expected.subarray(piece * DIGEST, (piece + 1) * DIGEST)
    if (Buffer.compare(getPieces(table, piece, 1), digest) === 0) return
    pieces.states[piece] = shared[piece] === 1 ? SUSPECT : BAD
  })
  return { unreadable, changed }
}

/** Returns the indices of complete pieces with unknown digests, in ascending order. */
function listUnknown({ isKnown }: PieceTable, { states }: PieceStates): Uint32Array {
  return Uint32Array.from(states.keys()).filter(
    (piece) => states[piece] === GOOD && isKnown[piece] === 0,
  )
}

/** Reads these pieces into the table. Returns the errors of files. */
async function readPieces(
  { files, pieces: { states, pieceLength } }: PieceCheck,
  { table, unknown }: { readonly table: PieceTable; readonly unknown: Uint32Array },
  engine: HashContext['engine'],
): Promise<Map<string, string>> {
  const selection = unknown.length === states.length ? {} : { pieces: unknown }
  const stream = streamFiles(files, pieceLength)
  const failures = createReadFailures(stream)
  const digests = await hashStream(stream, { ...engine, ...selection, failures })
  unknown.forEach((piece, i) => {
    setPieces(table, piece, digests.pieces.subarray(i * DIGEST, (i + 1) * DIGEST))
    if (failures.pieces[piece] === 1) states[piece] = UNCHECKED
  })
  return listUnreadable(failures, stream)
}

/** Returns a byte for each piece: 1 if it contains bytes of several files. */
function findShared(files: readonly FoundFile[], { states, pieceLength }: PieceStates): Uint8Array {
  const shared = new Uint8Array(states.length)
  let last = -1
  for (const { file, stretch } of files) {
    const [from, to] = stretch
    if (file.padding || from === to) continue
    const first = Math.floor(from / pieceLength)
    if (first === last) shared[first] = 1
    last = Math.ceil(to / pieceLength) - 1
  }
  return shared
}
