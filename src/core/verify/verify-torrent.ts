import { sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { scanTree, type ScannedFile, type ScanOptions } from '../../files/scan/scan-tree.js'
import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { BACKSLASH } from '../../metainfo/parse/unsafe-path.js'
import type { HashContext } from '../digests/hash-content.js'
import { checkPieces } from './check-pieces.js'
import { findFiles, foundLength, locateContent, type FoundFile } from './content.js'
import {
  BAD,
  countPieces,
  markUnchecked,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type PieceStates,
} from './pieces.js'
import { judgeFile, type VerifiedFile, type VerifyReport } from './report.js'

/** What to check, and how. */
export interface VerifyRequest {
  readonly metainfo: Metainfo
  /** What the torrent is called in errors. */
  readonly torrent: string
  /** The content, or the directory that holds it. */
  readonly path: string
  /** Whether the content must have the torrent's name below `path`, and never is `path` itself. */
  readonly byName?: boolean
  /** Whether to read the files, rather than look at their sizes alone. */
  readonly checkHashes: boolean
  /** Whether to name files beside those of the torrent. */
  readonly extra: boolean
}

/** A check for which all files have been looked for, and none was read yet. */
export interface VerifyPlan {
  readonly request: VerifyRequest
  /** The SHA-1 digests of the pieces. */
  readonly expected: Uint8Array
  /** In stream order, with pad files. */
  readonly files: readonly FoundFile[]
  /** Those of which bytes are not there are UNCHECKED already. */
  readonly pieces: PieceStates
  readonly extra: ExtraFiles
}

/**
 * Looks for the files of a torrent, and opens none.
 * @throws BtkitError `unsafe-path` for a torrent that must not be let near a disk, `metainfo` for
 * one of version 2 alone, and those of locateContent
 */
export async function planVerify(request: VerifyRequest): Promise<VerifyPlan> {
  const { metainfo, torrent } = request
  refuseUnsafePaths(metainfo, torrent)
  const expected = requirePieces(metainfo, torrent)
  const location = locateContent(metainfo, request)
  const files = findFiles(metainfo, location)
  const wantsExtra = request.extra && location.directory !== null
  const extra = wantsExtra ? await findExtraFiles(location.directory, metainfo.files) : NO_EXTRA
  return { request, expected, files, pieces: markAbsent(files, metainfo), extra }
}

/** A backslash is part of a name where it does not part components. */
function refuseUnsafePaths({ unsafePaths }: Metainfo, torrent: string): void {
  const unsafe = unsafePaths.find(({ reason }) => reason !== BACKSLASH || sep === '\\')
  if (unsafe === undefined) return
  const path = quoteText(unsafe.path.join('/'))
  throw new BtkitError('unsafe-path', `${torrent}: path ${path}: ${unsafe.reason}`)
}

function requirePieces({ pieces }: Metainfo, torrent: string): Uint8Array {
  if (pieces !== null) return pieces
  throw new BtkitError('metainfo', `${torrent}: v2-only torrents can't be verified yet`)
}

/** Pieces can't be checked when bytes of them are not there. */
function markAbsent(files: readonly FoundFile[], { pieceLength, size }: Metainfo): PieceStates {
  const states = new Uint8Array(Math.ceil(size / pieceLength))
  const pieces = { states, pieceLength, size }
  for (const found of files) {
    const [start, end] = found.stretch
    if (!found.file.padding) markUnchecked(pieces, [start + foundLength(found), end])
  }
  return pieces
}

/** The files beside those of the torrent, or why they could not be looked for. */
interface ExtraFiles {
  readonly files: readonly VerifiedFile[]
  readonly error: BtkitError | null
}

const NO_EXTRA: ExtraFiles = { files: [], error: null }

const EVERYTHING: ScanOptions = { all: true, include: [], exclude: [], links: 'skip' }

/** Looks for regular files below a directory that are no part of the torrent; follows no links. */
async function findExtraFiles(
  directory: string,
  files: readonly MetainfoFile[],
): Promise<ExtraFiles> {
  const known = new Set(files.filter((file) => !file.padding).map(({ path }) => path.join('/')))
  try {
    const tree = await scanTree(directory, EVERYTHING)
    const extra = tree.files.filter(({ path }) => !known.has(path.join('/')))
    return { files: extra.map(describeExtra), error: null }
  } catch (error) {
    // What can't be looked at is no reason to leave the torrent's own files unchecked
    if (!(error instanceof BtkitError)) throw error
    return { files: [], error }
  }
}

function describeExtra({ path, fingerprint: { size } }: ScannedFile): VerifiedFile {
  const nothing = { reason: null, ranges: [], unchecked: [] }
  return { path, length: size, found: size, status: 'extra', ...nothing }
}

/** The bytes that verifyTorrent will read. */
export function bytesToRead({ request: { checkHashes }, pieces }: VerifyPlan): number {
  if (!checkHashes) return 0
  const absent = rangesOf(pieces, [0, pieces.size], UNCHECKED)
  return absent.reduce((rest, [from, to]) => rest - (to - from), pieces.size)
}

/**
 * Reads what there is of a torrent's content and says what is wrong with it. Files that can't be
 * read are part of the report.
 * @throws BtkitError `interrupted`
 */
export async function verifyTorrent(
  { request, expected, files, pieces, extra }: VerifyPlan,
  hashContext: HashContext,
): Promise<VerifyReport> {
  const failures = request.checkHashes
    ? await checkPieces({ files, pieces, expected }, hashContext)
    : null
  const judged = files
    .filter(({ file }) => !file.padding)
    .map((found) => judgeFile(found, { pieces, failures }))
  const pieceCount = pieces.states.length
  const badPieces = countPieces(pieces, BAD | SUSPECT)
  return {
    ok: badPieces === 0 && judged.every(({ status }) => status === 'ok'),
    pieces: pieceCount,
    badPieces,
    uncheckedPieces: failures === null ? pieceCount : countPieces(pieces, UNCHECKED),
    files: [...judged, ...extra.files],
    extraError: extra.error,
  }
}
