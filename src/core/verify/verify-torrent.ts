import { sep } from 'node:path'
import { BtkitError } from '../../errors.js'
import { searchTree } from '../../files/scan/scan-tree.js'
import type { ScannedFile } from '../../files/scanned-file.js'
import { quoteText } from '../../text/escape.js'
import type { Metainfo, MetainfoFile } from '../../metainfo/metainfo.js'
import { BACKSLASH } from '../../metainfo/parse/unsafe-path.js'
import { checkPieces, type PieceCheck, type VerifyContext } from './check-pieces.js'
import { findMissing } from './find-missing.js'
import {
  findContent,
  markAbsent,
  type FoundFile,
  type DataPlace,
  BAD,
  countChecked,
  countPieces,
  DISAGREED,
  SUSPECT,
  UNCHECKED,
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

/** The extra files, and why some could not be looked for. */
interface ExtraFiles {
  readonly files: readonly ScannedFile[]
  readonly problems: readonly BtkitError[]
}

const NO_EXTRA: ExtraFiles = { files: [], problems: [] }

/** Looks for regular files below a directory that are not in the torrent. Follows no links. */
async function findExtraFiles(
  directory: string,
  files: readonly MetainfoFile[],
): Promise<ExtraFiles> {
  const known = new Set(files.filter((file) => !file.padding).map(({ path }) => path.join('/')))
  const problems: BtkitError[] = []
  try {
    const found = await searchTree(directory, (problem) => problems.push(problem))
    const isExtra = (i: number) => !known.has(found.pathAt(i).join('/'))
    return { files: [...found.filter(isExtra)], problems }
  } catch (error) {
    // An error here must not prevent the check of the torrent's own files
    if (!(error instanceof BtkitError)) throw error
    return { files: [], problems: [error] }
  }
}

/** Returns the bytes that verifyTorrent will hash. Pad files only count if version 1 needs them. */
export function bytesToRead({ request: { checkHashes }, files, pieces, v1 }: VerifyPlan): number {
  if (!checkHashes) return 0
  if (v1 !== null) return countChecked(pieces, [0, pieces.size])
  const stretches = files.filter(({ file }) => !file.padding).map(({ stretch }) => stretch)
  return stretches.reduce((sum, stretch) => sum + countChecked(pieces, stretch), 0)
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
    extraProblems: extra.problems,
    place: plan.place,
  }
}

/** Returns the extra files. If one is a missing file under another name, its reason says so. */
async function nameExtra(plan: VerifyPlan, hashContext: VerifyContext): Promise<VerifiedFile[]> {
  const { request, extra } = plan
  if (!request.checkHashes || extra.files.length === 0)
    return extra.files.map((file) => describeExtra(file))
  const bySize = new Map<number, ScannedFile[]>()
  for (const file of extra.files) {
    const ofSize = bySize.get(file.fingerprint.size)
    if (ofSize) ofSize.push(file)
    else bySize.set(file.fingerprint.size, [file])
  }
  const candidatesOf = ({ length }: MetainfoFile) => bySize.get(length) ?? []
  const found = await findMissing(checkOf(plan), candidatesOf, hashContext)
  const missing = new Map([...found].map(([{ path }, file]) => [file, path.join('/')]))
  return extra.files.map((file) => describeExtra(file, missing.get(file)))
}

function describeExtra({ path, fingerprint }: ScannedFile, missing?: string): VerifiedFile {
  const { size } = fingerprint
  const reason = missing === undefined ? null : `is the missing ${missing} by another name`
  const nothing = { ranges: [], blockRanges: null, disagreed: [], unchecked: [] }
  return { path, length: size, found: size, status: 'extra', reason, ...nothing }
}

/** Returns the input of a check. */
export function checkOf({ request, v1, v2, files, pieces }: VerifyPlan): PieceCheck {
  const roots = request.metainfo.tree?.map(({ piecesRoot }) => piecesRoot) ?? []
  return { files, roots, pieces, v1, v2 }
}
