import { sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { scanTree, type ScannedFile, type ScanOptions } from '../../files/scan/scan-tree.js'
import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { BACKSLASH } from '../../metainfo/parse/unsafe-path.js'
import { checkPieces, type FileFailures } from './check-pieces.js'
import { findFiles, locateContent, markAbsent, type FoundFile, type Place } from './content.js'
import {
  BAD,
  countPieces,
  DISAGREED,
  rangesOf,
  SUSPECT,
  UNCHECKED,
  type Interval,
  type PieceStates,
} from './pieces.js'
import { checkSides, type VerifyContext } from './check-sides.js'
import type { BadBlocks } from './explain-pieces.js'
import { planV2Side, streamedFiles, whyNoV2Side, type V2Side } from './v2-side.js'
import { findRenamed, type ExtraFile } from './renamed.js'
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
  /** The SHA-1 digests of the pieces; null for a torrent of version 2 alone. */
  readonly v1: Uint8Array | null
  /** What version 2 says of the pieces; null where it says nothing, or can't be checked. */
  readonly v2: V2Side | null
  /** Why version 2's side of a hybrid can't be checked; null when it can, or there is none. */
  readonly v2Refusal: string | null
  /** In stream order, with pad files. */
  readonly files: readonly FoundFile[]
  /** Those of which bytes are not there are UNCHECKED already. */
  readonly pieces: PieceStates
  readonly extra: ExtraFiles
  readonly place: Place
}

/**
 * Looks for the files of a torrent, and opens none.
 * @throws BtkitError `unsafe-path` for a torrent that must not be let near a disk, `metainfo` for
 * one of version 2 alone whose piece layers are missing or wrong, and those of locateContent
 */
export async function planVerify(request: VerifyRequest): Promise<VerifyPlan> {
  const { metainfo, torrent } = request
  refuseUnsafePaths(metainfo, torrent)
  const v2Refusal = request.checkHashes ? whyNoV2Side(metainfo) : null
  if (v2Refusal !== null && metainfo.version === 'v2') {
    throw new BtkitError('metainfo', `${torrent}: can't be checked: ${v2Refusal}`)
  }
  const location = locateContent(metainfo, request)
  const files = findFiles(streamedFiles(metainfo), location)
  const wantsExtra = request.extra && location.directory !== null
  const extra = wantsExtra ? await findExtraFiles(location.directory, metainfo.files) : NO_EXTRA
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
    place: location.place,
  }
}

/** More components than a path of any system can have: Windows has paths of 32767 characters. */
const MOST_COMPONENTS = 16_384

/**
 * Refuses a torrent that must not be let near a disk. A backslash is part of a name where it does
 * not part components.
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

/** The files beside those of the torrent, or why they could not be looked for. */
interface ExtraFiles {
  readonly files: readonly ExtraFile[]
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

function describeExtra({ path, absolutePath, fingerprint }: ScannedFile): ExtraFile {
  const { size } = fingerprint
  const nothing = { reason: null, ranges: [], blockRanges: null, disagreed: [], unchecked: [] }
  return {
    file: { path, length: size, found: size, status: 'extra', ...nothing },
    found: { kind: 'file', path: absolutePath, fingerprint },
  }
}

/** The bytes that verifyTorrent will hash: those of pad files only where version 1 needs them. */
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
 * Reads what there is of a torrent's content and says what is wrong with it. Files that can't be
 * read are part of the report.
 * @throws BtkitError `interrupted`
 */
export async function verifyTorrent(
  plan: VerifyPlan,
  hashContext: VerifyContext,
): Promise<VerifyReport> {
  const { request, v2Refusal, files, pieces, extra } = plan
  const failures = request.checkHashes ? await check(plan, hashContext) : null
  const badBlocks = failures?.badBlocks ?? null
  const judged = files
    .filter(({ file }) => !file.padding)
    .map((found) => judgeFile(found, { pieces, failures, badBlocks }))
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

/** The extra files, each with the missing file that it is. */
async function nameExtra(plan: VerifyPlan, hashContext: VerifyContext): Promise<VerifiedFile[]> {
  const { request, files, extra } = plan
  const all = extra.files.map(({ file }) => file)
  if (!request.checkHashes || extra.files.length === 0) return all
  // A bar counts the bytes of the torrent alone
  const quiet = { ...hashContext, engine: { ...hashContext.engine, onProgress: undefined } }
  const { pieceLength } = request.metainfo
  const renamed = await findRenamed({ files, pieceLength }, extra.files, (inPlace, pieces) => {
    return check({ ...plan, files: inPlace, pieces }, quiet)
  })
  return all.map((file) => {
    const missing = renamed.get(file)
    if (!missing) return file
    return { ...file, reason: `is the missing ${missing.file.path.join('/')} by another name` }
  })
}

/** Checks by version 1 alone, or by version 2 as far as the torrent has it. */
function check(
  { request, v1, v2, files, pieces }: VerifyPlan,
  hashContext: VerifyContext,
): Promise<FileFailures & { readonly badBlocks?: BadBlocks }> {
  const roots = request.metainfo.tree?.map(({ piecesRoot }) => piecesRoot) ?? []
  if (v2) return checkSides({ files, roots, pieces, v1, v2 }, hashContext)
  return checkPieces({ files, pieces, expected: v1 ?? new Uint8Array(0) }, hashContext)
}
