import { BtkitError } from '../../base/errors.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { keptInfo, spliceDict } from '../../metainfo/edit/splice-torrent.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { isPieceLength } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { bytesOf, type Content, contentOfTree, type ContentRules } from '../digests/content.js'
import type { HashContext } from '../digests/hash-content.js'
import { countingFrom } from '../digests/hash-groups.js'
import { InfoRequest, obtainInfo } from '../digests/info.js'
import type { VerifyReport } from '../verify/verify-report.js'
import {
  bytesToRead,
  planVerify,
  verifyTorrent,
  type VerifyPlan,
} from '../verify/verify-torrent.js'
import { writeAtomically, type WriteOptions, checkTarget } from '../../disk/write/atomically.js'
import { checkEditable, checkUnchanged, checkWritable } from '../../disk/write/permissions.js'
import { ReplacedTorrent } from '../replaced-torrent.js'
import { realPath } from '../../disk/look/inside.js'
import { withoutPads } from '../digests/pad-files.js'

/** The torrent to convert, and the wanted version. */
interface ConvertRequest {
  readonly metainfo: Metainfo
  /** The torrent's name in errors. */
  readonly torrent: string
  /** The content, or the directory that contains it under the torrent's name. */
  readonly path: string
  /** Whether to follow symbolic links that lead out of `path`. */
  readonly followSymlinks?: boolean
  readonly version: MetainfoVersion
  /** In bytes, `auto` for a suitable one, or null for the old one if it is valid. */
  readonly pieceLength: PieceLength | 'auto' | null
}

/** A planned conversion: all files were looked for, none was read. */
export interface ConvertPlan {
  readonly request: ConvertRequest
  readonly verify: VerifyPlan
  /** The content of the new torrent; null if a file is missing. */
  readonly content: Content | null
}

/**
 * Looks for the files of a torrent, and plans its other version.
 * @throws BtkitError `metainfo` if the torrent already has that version, and as planVerify and
 *   contentOfTree
 */
export async function planConversion(request: ConvertRequest): Promise<ConvertPlan> {
  const { metainfo, torrent, path, followSymlinks = false, version } = request
  if (metainfo.version === version) {
    throw new BtkitError('metainfo', `${torrent}: is a ${version} torrent already`)
  }
  const verify = await planVerify({
    metainfo,
    torrent,
    path,
    followSymlinks,
    checkHashes: true,
    extra: false,
    explains: true,
  })
  return { request, verify, content: contentFor(request, verify) }
}

/**
 * Largest factor by which a hybrid's pad files may lengthen the content. Above it, shorter pieces
 * are chosen.
 */
const MOST_PADDING = 5 / 4

function contentFor(request: ConvertRequest, verify: VerifyPlan): Content | null {
  const { metainfo, version } = request
  const rules = { version, name: metainfo.name }
  const pieceLength = request.pieceLength ?? keptPieceLength(request)
  const content = contentOfTorrent(verify, { ...rules, pieceLength })
  const mayChange = content !== null && version === 'hybrid' && request.pieceLength === null
  const isPadded = mayChange && content.size > MOST_PADDING * bytesOf(content)
  return isPadded ? contentOfTorrent(verify, { ...rules, pieceLength: 'auto' }) : content
}

/**
 * Returns the old piece length if the new version allows it. Version 2 only allows powers of two.
 */
function keptPieceLength({ metainfo, version }: ConvertRequest): PieceLength | 'auto' {
  const { pieceLength } = metainfo
  return version === 'v1' || isPieceLength(pieceLength) ? pieceLength : 'auto'
}

/**
 * Returns the bytes that a conversion reads: once for checking, once for hashing in the new order.
 */
export function bytesToConvert({ verify, content }: ConvertPlan): number {
  return bytesToRead(verify) + (content?.size ?? 0)
}

/** The result: the new torrent, or a report if the content is incomplete. */
export type Conversion =
  | { readonly after: Metainfo; readonly report: null }
  | { readonly after: null; readonly report: VerifyReport }

/**
 * Checks the content against the torrent, and makes the other version. All other values outside
 * `info` are preserved byte for byte. Writes nothing. `check` is for checking the content, and an
 * empty cache makes it read everything; `make` is for hashing the content of the new torrent.
 * @throws BtkitError `interrupted`, and as obtainInfo, such as `changed` for a file that changed
 */
export async function convertTorrent(
  plan: ConvertPlan,
  check: HashContext,
  make: HashContext,
): Promise<Conversion> {
  const { request, content } = plan
  const report = await verifyTorrent(plan.verify, check)
  if (content === null || !isWhole(report)) return { after: null, report }
  const options = { private: false, sourceTag: null, extraKeys: keptInfo(request.metainfo) }
  const wanted = new InfoRequest(content, options, make.cacheAccess.trust)
  // Progress continues after the bytes that were read before
  const engine = countingFrom(bytesToRead(plan.verify), make.engine)
  const core = await obtainInfo(wanted, { ...make, engine })
  return { after: replaceCore(request.metainfo, core), report: null }
}

/**
 * Whether the content is complete. If a hybrid's version 2 could not be checked, that is no
 * problem, because it is created again.
 */
function isWhole({ badPieces, uncheckedPieces, problems }: VerifyReport): boolean {
  return badPieces + uncheckedPieces === 0 && problems.length === 0
}

function replaceCore(metainfo: Metainfo, { info, pieceLayers }: TorrentCore): Metainfo {
  const changes = new Map([
    ['info', info],
    ['piece layers', pieceLayers],
  ])
  const bytes = spliceDict(metainfo, changes)
  return parseMetainfo(bytes, { maxSize: bytes.length })
}

/** How a converted torrent will be written. */
export interface PlannedStore {
  readonly target: string
  readonly options: WriteOptions
  /** The file that must have the same info hashes or be empty; null if any is replaced. */
  readonly replaced: ReplacedTorrent | null
}

/**
 * Checks, before reading anything, that the converted torrent can be written. In place of the
 * original it keeps mode and owner, elsewhere only the mode. `torrent` is the path of the original,
 * which `target` may be, too. With `force` even another torrent, or a file that is none, is replaced.
 * @throws BtkitError `exists` for the original without `force`, and as checkEditable, checkWritable
 *   and checkTarget
 */
export function planStore(torrent: string, target: string, force: boolean): PlannedStore {
  const editable = checkEditable(torrent)
  if (realPath(target) === realPath(torrent)) {
    if (!force) {
      const why = 'a torrent with another info hash would replace it'
      throw new BtkitError('exists', `${torrent}: ${why}; --force allows that`)
    }
    checkWritable(torrent)
    const checkUntouched = () => {
      checkUnchanged(torrent, editable)
    }
    return { target, options: { checkUntouched }, replaced: null }
  }
  const replaced = force ? null : new ReplacedTorrent()
  checkTarget(target, { checkReplaceable: (path) => replaced?.check(path) })
  return { target, options: { mode: editable.mode }, replaced }
}

/**
 * Writes a converted torrent.
 * @throws BtkitError `exists` if another torrent is there, and as writeAtomically
 */
export async function storeConversion(
  { target, options, replaced }: PlannedStore,
  after: Metainfo,
): Promise<void> {
  const checkReplaceable = (path: string) => replaced?.checkSame(path, after)
  await writeAtomically(target, after.bytes, { ...options, checkReplaceable })
}

/**
 * Returns a torrent's files as content of another torrent, in the order of a file tree; null if one of
 * them is incomplete.
 * @throws BtkitError as contentOfTree does
 */
function contentOfTorrent(
  { request, content }: VerifyPlan,
  rules: Pick<ContentRules, 'version' | 'name' | 'pieceLength'>,
): Content | null {
  const { isDirectory } = request.metainfo
  // A link need not lead to a file
  for (const { file } of content.odd.values()) if (!file.symlinkPath) return null
  const files = withoutPads(content.files)
  const tree = { root: request.path, isDirectory, files, skipped: [] }
  return contentOfTree(tree, { ...rules, order: { by: 'path', isDescending: false } })
}
