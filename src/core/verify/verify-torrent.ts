import { BtkitError } from '../../base/errors.js'
import type { FileColumns } from '../../disk/file-lists/columns.js'
import { searchTree } from '../../disk/scan/scan-tree.js'
import { eachFile, type Metainfo, type MetainfoFile } from '../../metainfo/metainfo.js'
import { pieceNodes, whyNoPieceNodes } from '../../metainfo/streamed-files.js'
import { refuseUnsafePaths } from '../read-torrent.js'
import type { Reading } from '../make/make-group.js'
import { FileIndex } from './file-index.js'
import { checkPieces, unreadPieces, type PieceCheck, type VerifyContext } from './judge.js'
import { LikeNames, type NamesByForm } from './like-names.js'
import { locateContent, stretchOf, type LocatedContent, type Whereabouts } from './locate.js'
import type { RemoteAccess } from '../remote/remote-file.js'
import { findMissing } from './match.js'
import { BAD, countChecked, countPieces, DISAGREED, GOOD, SUSPECT, UNCHECKED } from './pieces.js'
import {
  judgeFiles,
  NOT_READ,
  problemOf,
  type Problem,
  type VerifiedFile,
  type VerifyReport,
} from './verify-report.js'
import { locateOnSeed } from './web-seed.js'

/** A request for a check. */
export interface VerifyRequest extends Whereabouts {
  readonly metainfo: Metainfo
  /** The torrent's name in errors. */
  readonly torrent: string
  /** Whether to read the files, instead of only comparing their sizes. */
  readonly checkHashes: boolean
  /** Whether to report files that are not in the torrent. */
  readonly extra: boolean
  /**
   * Names that only look like those of missing files, which are then the reason; absent for none.
   */
  readonly likeNames?: NamesByForm
  /** How servers are asked; `path` is then the URL of a web seed. */
  readonly access?: RemoteAccess | undefined
}

/**
 * A planned check: all files were looked for, none was read. Pieces with missing bytes are
 * UNCHECKED.
 */
export interface VerifyPlan extends PieceCheck {
  readonly request: VerifyRequest
  /** Why version 2 of a hybrid cannot be checked; null if it can, or if there is none. */
  readonly v2Refusal: string | null
  readonly extra: ExtraFiles | null
}

/**
 * Looks for the files of a torrent, and opens none. Never holds up the event loop for long.
 * @throws BtkitError `unsafe-path` for a torrent with unsafe paths, `metainfo` for a v2-only
 *   torrent with missing or wrong piece layers, and as locateContent
 */
export async function planVerify(request: VerifyRequest): Promise<VerifyPlan> {
  const { metainfo, torrent } = request
  refuseUnsafePaths(metainfo, torrent)
  const { path, access, checkHashes } = request
  const content = access
    ? await locateOnSeed(metainfo, path, { access, checkHashes })
    : await locateContent(metainfo, request)
  // A file that is too deep was not found
  refuseDeepPaths(
    Array.from(content.odd.values(), ({ file }) => file),
    torrent,
  )
  const { directory } = content
  const wantsExtra = request.extra && directory !== null
  const extra = wantsExtra ? await findExtraFiles(directory, metainfo) : null
  return planFound(request, content, extra)
}

/**
 * Plans a check of content that was located already.
 * @throws BtkitError `metainfo` for one of version 2 alone whose piece layers are missing or wrong
 */
export function planFound(
  request: VerifyRequest,
  located: LocatedContent,
  extra: ExtraFiles | null = null,
): VerifyPlan {
  const { metainfo, torrent, checkHashes } = request
  const v2Refusal = checkHashes ? whyNoPieceNodes(metainfo) : null
  if (v2Refusal !== null && metainfo.version === 'v2') {
    throw new BtkitError('metainfo', `${torrent}: can't be checked: ${v2Refusal}`)
  }
  const v1 = metainfo.pieces
  const v2 = v2Refusal === null && checkHashes ? pieceNodes(metainfo) : null
  const content = v2 === null ? { ...located, version: 'v1' as const } : located
  const pieces = unreadPieces(content)
  // Without hashes nothing is said of pieces
  if (!checkHashes) pieces.states.fill(GOOD)
  return { request, content, v1, v2, v2Refusal, pieces, extra }
}

/**
 * Larger than the number of components in any path: Windows paths have at most 32767 characters.
 */
const MOST_COMPONENTS = 16_384

/**
 * Refuses a torrent with files that no disk can hold.
 * @throws BtkitError `unsafe-path`
 */
export function refuseDeepPaths(files: readonly MetainfoFile[], torrent: string): void {
  const deep = files.find(({ path }) => path.length > MOST_COMPONENTS)
  if (!deep) return
  const what = `a path of ${deep.path.length} components, more than any disk can hold`
  throw new BtkitError('unsafe-path', `${torrent}: ${what}`)
}

/** The extra files, and why some could not be looked for. */
interface ExtraFiles {
  readonly files: FileColumns | null
  readonly problems: readonly BtkitError[]
}

/** Looks for regular files below a directory that are not in the torrent. Follows no links. */
async function findExtraFiles(directory: string, metainfo: Metainfo): Promise<ExtraFiles> {
  const known = new Set<string>()
  for (const { padding, path } of eachFile(metainfo)) if (!padding) known.add(path.join('/'))
  const problems: BtkitError[] = []
  try {
    const found = await searchTree(directory, (problem) => problems.push(problem))
    const isExtra = (i: number) => !known.has(found.pathAt(i).join('/'))
    return { files: found.filter(isExtra), problems }
  } catch (error) {
    // An error here must not prevent the check of the torrent's own files
    if (!(error instanceof BtkitError)) throw error
    return { files: null, problems: [error] }
  }
}

/** Returns the bytes that verifyTorrent will hash. Pad files only count if version 1 needs them. */
export function bytesToRead({ request, content, pieces, v1 }: VerifyPlan): number {
  if (!request.checkHashes) return 0
  if (v1 !== null) return countChecked(pieces, [0, pieces.size])
  let bytes = 0
  for (let number = 0; number < content.files.length; number++) {
    if (!content.files.isPad(number)) bytes += countChecked(pieces, stretchOf(content, number))
  }
  return bytes
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
  const { request, v2Refusal, pieces, content } = plan
  const { metainfo, checkHashes } = request
  const result = checkHashes ? await checkPieces(plan, hashContext) : NOT_READ
  const problems = new Map([...(await problemsOf(plan)), ...result.problems])
  const judged = () => judgeFiles({ content, pieces, ...result, problems }, metainfo)
  const odd: VerifiedFile[] = []
  for (const file of judged()) if (file.status !== 'ok') odd.push(file)
  const extra = await nameExtra(plan, hashContext)
  const badPieces = countPieces(pieces, BAD | SUSPECT)
  let files: readonly VerifiedFile[] | undefined
  return {
    ok: badPieces === 0 && odd.length === 0 && v2Refusal === null,
    pieces: metainfo.pieceCount,
    badPieces,
    uncheckedPieces: checkHashes ? countPieces(pieces, UNCHECKED) : metainfo.pieceCount,
    disagreeingPieces: countPieces(pieces, DISAGREED),
    v2Refusal,
    problems: [...odd, ...extra],
    get files() {
      return (files ??= [...judged(), ...extra])
    },
    extraProblems: plan.extra?.problems ?? [],
    place: content.place,
  }
}

/**
 * Plans a check, and reads what it found.
 * @throws BtkitError as planVerify and verifyTorrent
 */
export async function checkTorrent(
  request: VerifyRequest,
  reading: Reading,
): Promise<VerifyReport> {
  const plan = await planVerify(request)
  return reading(bytesToRead(plan), (context) => verifyTorrent(plan, context))
}

/** Returns the problems of files that are not there with their length, by number. */
async function problemsOf({ request, content }: VerifyPlan): Promise<Map<number, Problem>> {
  const problems = new Map<number, Problem>()
  const { likeNames } = request
  let names: LikeNames | null = null
  for (const [number, odd] of content.odd) {
    const problem = problemOf(odd)
    if (problem === null) continue
    let { reason } = problem
    if (likeNames && !content.source && problem.status === 'missing' && reason === null) {
      names ??= new LikeNames(request, content.place, likeNames)
      reason = await names.explain(odd.file.path)
    }
    problems.set(number, { status: problem.status, reason })
  }
  return problems
}

/** Returns the extra files. If one is a missing file under another name, its reason says so. */
async function nameExtra(plan: VerifyPlan, hashContext: VerifyContext): Promise<VerifiedFile[]> {
  const { request, extra } = plan
  const { metainfo, checkHashes } = request
  const files = extra?.files
  if (!files || files.length === 0) return []
  const index = new FileIndex(files)
  // The progress bar counts only the torrent's own bytes
  const quiet = { ...hashContext, engine: { ...hashContext.engine, onProgress: undefined } }
  const found = checkHashes ? await findMissing(plan, metainfo, index, quiet) : []
  const missing = new Map(found.map((each) => [each.match, each]))
  return Array.from(files, ({ path, fingerprint: { size } }, number) => {
    const { file, unproven = [] } = missing.get(number) ?? {}
    const verb = unproven.length > 0 ? 'may be' : 'is'
    const reason = file ? `${verb} the missing ${file.path.join('/')} by another name` : null
    const nothing = { ranges: [], blockRanges: null, disagreed: [], unchecked: [] }
    return { path, length: size, found: size, status: 'extra', reason, ...nothing }
  })
}
