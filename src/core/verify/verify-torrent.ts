import { sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { scanTree, type ScannedFile, type ScanOptions } from '../../files/scan/scan-tree.js'
import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import type { PieceLength } from '../../metainfo/values.js'
import { BACKSLASH } from '../../metainfo/parse/unsafe-path.js'
import { checkPieces, type PieceCheck, type VerifyContext } from './check-pieces.js'
import {
  findContent,
  markAbsent,
  type FoundFile,
  type DataPlace,
  BAD,
  countPieces,
  DISAGREED,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
  type Whereabouts,
} from './content.js'
import { planV2Side, streamedFiles, whyNoV2Side, type V2Side } from './v2-side.js'
import { judgeFile, type VerifiedFile, type VerifyReport } from './verify-report.js'

/** A request for a check. */
export interface VerifyRequest extends Whereabouts {
  readonly metainfo: Metainfo
  /** The torrent's name in errors. */
  readonly torrent: string
  /** Whether to read the files, instead of only comparing their sizes. */
  readonly checkHashes: boolean
  /** Whether to report files that are not in the torrent. */
  readonly extra: boolean
}

/** A planned check: all files were looked for, none was read. */
export interface VerifyPlan {
  readonly request: VerifyRequest
  /** The SHA-1 digests of the pieces; null for a v2-only torrent. */
  readonly v1: Uint8Array | null
  /** The version 2 data of the pieces; null if there is none, or if it cannot be checked. */
  readonly v2: V2Side | null
  /** Why version 2 of a hybrid cannot be checked; null if it can, or if there is none. */
  readonly v2Refusal: string | null
  /** In stream order, with pad files. */
  readonly files: readonly FoundFile[]
  /** Pieces with missing bytes are UNCHECKED already. */
  readonly pieces: PieceStates
  readonly extra: ExtraFiles
  readonly place: DataPlace
}

/**
 * Looks for the files of a torrent, and opens none.
 * @throws BtkitError `unsafe-path` for a torrent with unsafe paths, `metainfo` for a v2-only
 *   torrent with missing or wrong piece layers, and as findContent
 */
export async function planVerify(request: VerifyRequest): Promise<VerifyPlan> {
  const { metainfo, torrent } = request
  refuseUnsafePaths(metainfo, torrent)
  const { files, directory, place } = findContent(metainfo, streamedFiles(metainfo), request)
  const wantsExtra = request.extra && directory !== null
  const extra = wantsExtra ? await findExtraFiles(directory, metainfo.files) : NO_EXTRA
  return planFound(request, { files, extra, place })
}

/**
 * Plans a check of files that were found already, in stream order with pad files.
 * @throws BtkitError `metainfo` for one of version 2 alone whose piece layers are missing or wrong
 */
export function planFound(
  request: VerifyRequest,
  {
    files,
    place,
    extra = NO_EXTRA,
  }: Pick<VerifyPlan, 'files' | 'place'> & Partial<Pick<VerifyPlan, 'extra'>>,
): VerifyPlan {
  const { metainfo, torrent } = request
  const v2Refusal = request.checkHashes ? whyNoV2Side(metainfo) : null
  if (v2Refusal !== null && metainfo.version === 'v2') {
    throw new BtkitError('metainfo', `${torrent}: can't be checked: ${v2Refusal}`)
  }
  const v2 = v2Refusal === null && request.checkHashes ? planV2Side(metainfo) : null
  const pieces = markAbsent(request.checkHashes ? files : [], metainfo.pieceLength)
  return {
    request,
    v1: metainfo.pieces,
    v2,
    v2Refusal,
    files,
    pieces,
    extra,
    place,
  }
}

/**
 * Larger than the number of components in any path: Windows paths have at most 32767 characters.
 */
const MOST_COMPONENTS = 16_384

/**
 * Refuses a torrent with unsafe paths. On systems where a backslash is not a separator, it may be
 * part of a name.
 * @throws BtkitError `unsafe-path`
 */
export function refuseUnsafePaths({ unsafePaths, files }: Metainfo, torrent: string): void {
  const deep = files.find(({ path }) => path.length > MOST_COMPONENTS)
  if (deep) {
    const what = `a path of ${deep.path.length} components, more than any disk can hold`
    throw new BtkitError('unsafe-path', `${torrent}: ${what}`)
  }
  const unsafe = unsafePaths.find(({ reason }) => reason !== BACKSLASH || sep === '\\')
  if (unsafe === undefined) return
  const path = quoteText(unsafe.path.join('/'))
  throw new BtkitError('unsafe-path', `${torrent}: path ${path}: ${unsafe.reason}`)
}

/** The extra files, or why they could not be looked for. */
interface ExtraFiles {
  readonly files: readonly ExtraFile[]
  readonly error: BtkitError | null
}

const NO_EXTRA: ExtraFiles = { files: [], error: null }

const EVERYTHING: ScanOptions = { all: true, include: [], exclude: [], links: 'skip' }

/** Looks for regular files below a directory that are not in the torrent. Follows no links. */
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
    // An error here must not prevent the check of the torrent's own files
    if (!(error instanceof BtkitError)) throw error
    return { files: [], error }
  }
}

/** A file beside those of a torrent. */
export function describeExtra({ path, absolutePath, fingerprint }: ScannedFile): ExtraFile {
  const { size } = fingerprint
  const nothing = { reason: null, ranges: [], blockRanges: null, disagreed: [], unchecked: [] }
  return {
    file: { path, length: size, found: size, status: 'extra', ...nothing },
    found: { kind: 'file', path: absolutePath, fingerprint },
  }
}

/** Returns the bytes that verifyTorrent will hash. Pad files only count if version 1 needs them. */
export function bytesToRead({ request: { checkHashes }, files, pieces, v1 }: VerifyPlan): number {
  if (!checkHashes) return 0
  if (v1 !== null) return countChecked(pieces, [0, pieces.size])
  const stretches = files.filter(({ file }) => !file.padding).map(({ stretch }) => stretch)
  return stretches.reduce((sum, stretch) => sum + countChecked(pieces, stretch), 0)
}

function countChecked(pieces: PieceStates, stretch: Interval): number {
  const absent = rangesOf(pieces, stretch, UNCHECKED)
  return absent.reduce((rest, [from, to]) => rest - (to - from), stretch[1] - stretch[0])
}

/**
 * Reads the existing content of a torrent, and reports what is wrong. Unreadable files are part of
 * the report.
 * @throws BtkitError `interrupted`
 */
export async function verifyTorrent(
  plan: VerifyPlan,
  hashContext: VerifyContext,
): Promise<VerifyReport> {
  const { request, v2Refusal, files, pieces, extra } = plan
  const failures = request.checkHashes ? await checkPieces(checkOf(plan), hashContext) : null
  const judged = files
    .filter(({ file }) => !file.padding)
    .map((found) => judgeFile(found, pieces, failures))
  const { pieceCount } = request.metainfo
  const badPieces = countPieces(pieces, BAD | SUSPECT)
  return {
    ok: badPieces === 0 && judged.every(({ status }) => status === 'ok') && v2Refusal === null,
    pieces: pieceCount,
    badPieces,
    uncheckedPieces: failures === null ? pieceCount : countPieces(pieces, UNCHECKED),
    disagreeingPieces: countPieces(pieces, DISAGREED),
    v2Refusal,
    files: [...judged, ...(await nameExtra(plan, hashContext))],
    extraError: extra.error,
    place: plan.place,
  }
}

/** Returns the extra files. If one is a missing file under another name, its reason says so. */
async function nameExtra(plan: VerifyPlan, hashContext: VerifyContext): Promise<VerifiedFile[]> {
  const { request, extra } = plan
  const all = extra.files.map(({ file }) => file)
  if (!request.checkHashes || extra.files.length === 0) return all
  const renamed = await findMissing(plan, extra.files, hashContext)
  return all.map((file) => {
    const missing = renamed.get(file)
    if (!missing) return file
    return { ...file, reason: `is the missing ${missing.file.path.join('/')} by another name` }
  })
}

function checkOf({ request, v1, v2, files, pieces }: VerifyPlan): PieceCheck {
  const roots = request.metainfo.tree?.map(({ piecesRoot }) => piecesRoot) ?? []
  return { files, roots, pieces, v1, v2 }
}

/** A file that is not in the torrent, and what exists at its path. */
export interface ExtraFile {
  readonly file: VerifiedFile
  readonly found: FoundFile['found']
}

/** Maximum number of files of the same size to try for a missing one. */
const MOST_TRIED = 8

/**
 * Finds the missing files of a plan among others: those of the same size with good pieces. A file
 * that shares all its pieces with other missing ones cannot be found.
 * @returns the missing file for each of the others that was found
 */
export async function findMissing(
  plan: VerifyPlan,
  others: readonly ExtraFile[],
  hashContext: VerifyContext,
): Promise<ReadonlyMap<VerifiedFile, FoundFile>> {
  // The progress bar counts only the torrent's own bytes
  const quiet = { ...hashContext, engine: { ...hashContext.engine, onProgress: undefined } }
  const renamed = new Map<VerifiedFile, FoundFile>()
  const bySize = new Map<number, ExtraFile[]>()
  for (const other of others) {
    const ofSize = bySize.get(other.file.length) ?? []
    ofSize.push(other)
    bySize.set(other.file.length, ofSize)
  }
  const files = [...plan.files]
  for (const [number, missing] of plan.files.entries()) {
    if (!isMissing(missing)) continue
    const { stretch } = missing
    const ofSize = bySize.get(missing.file.length) ?? []
    for (const { file, found } of ofSize.slice(0, MOST_TRIED)) {
      files[number] = { ...missing, found }
      const pieces = piecesOf(files, stretch, plan.request.metainfo.pieceLength)
      await checkPieces(checkOf({ ...plan, files, pieces }), quiet)
      const isBad = rangesOf(pieces, stretch, BAD | SUSPECT).length > 0
      if (isBad || countChecked(pieces, stretch) === 0) continue
      renamed.set(file, missing)
      ofSize.splice(
        ofSize.findIndex((other) => other.file === file),
        1,
      )
      break
    }
    files[number] = missing
  }
  return renamed
}

/** Whether a file of a torrent has bytes, and was not found. */
export function isMissing({ file, found }: FoundFile): boolean {
  return found.kind === 'missing' && !file.padding && file.length > 0
}

/** Returns the states for a range: pieces that cannot be checked are UNCHECKED. */
function piecesOf(
  files: readonly FoundFile[],
  [start, end]: Interval,
  pieceLength: PieceLength,
): PieceStates {
  const pieces = markAbsent(files, pieceLength)
  const first = Math.floor(start / pieceLength)
  pieces.states.fill(UNCHECKED, 0, first)
  pieces.states.fill(UNCHECKED, Math.ceil(end / pieceLength))
  return pieces
}
