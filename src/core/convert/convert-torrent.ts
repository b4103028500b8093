import { BtkitError } from '../../base/errors.js'
import { keptInfo, spliceTopLevel } from '../../metainfo/edit/splice-torrent.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { isPieceLength } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import {
  bytesOf,
  type Content,
  contentOfTree,
  type ContentRules,
  cutIntoPieces,
} from '../digests/content.js'
import type { HashContext } from '../digests/hash-content.js'
import type { Reading } from '../make/make-group.js'
import { openNullCache } from '../../disk/cache/piece-cache.js'
import { countingFrom } from '../digests/hash-groups.js'
import { InfoRequest, obtainInfo } from '../digests/info.js'
import { NamesByForm } from '../verify/like-names.js'
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
  /** Reads the torrent, when it is known that the new one can be written. */
  readonly read: () => Metainfo
  /** The torrent's name in errors; null for the name of its content. */
  readonly torrent: string | null
  /** The content, or the directory that contains it under the torrent's name. */
  readonly path: string
  /** Whether to follow symbolic links that lead out of `path`. */
  readonly followSymlinks?: boolean
  readonly version: MetainfoVersion
  /** In bytes, `auto` for a suitable one, or null for the old one if it is valid. */
  readonly pieceLength: PieceLength | 'auto' | null
  /** Where to write the new torrent; null for nowhere. */
  readonly store: StoreRequest | null
}

/** A planned conversion: all files were looked for, none was read. */
interface ConvertPlan {
  readonly before: Metainfo
  readonly verify: VerifyPlan
  /** The content of the new torrent; null if a file is missing. */
  readonly content: Content | null
  readonly store: PlannedStore | null
}

/**
 * Checks that a torrent's other version can be written, looks for its files, and plans it.
 * @throws BtkitError `metainfo` if the torrent already has that version, `exists` if it would
 *   replace another, and as checkEditable, checkWritable, checkTarget, planVerify and contentOfTree
 */
export async function planConversion(request: ConvertRequest): Promise<ConvertPlan> {
  const { path, followSymlinks = false, version } = request
  const planned = request.store && planStore(request.store)
  const before = request.read()
  const torrent = request.torrent ?? before.name
  if (before.version === version) {
    throw new BtkitError('metainfo', `${torrent}: is a ${version} torrent already`)
  }
  const place = { torrent, path, followSymlinks, likeNames: new NamesByForm() }
  const verify = await planVerify({ metainfo: before, ...place, checkHashes: true, extra: false })
  return { before, verify, content: contentFor(request, verify), store: planned }
}

/**
 * Largest factor by which a hybrid's pad files may lengthen the content. Above it, shorter pieces
 * are chosen.
 */
const MOST_PADDING = 5 / 4

function contentFor(request: ConvertRequest, verify: VerifyPlan): Content | null {
  const { version } = request
  const { name, pieceLength: old } = verify.request.metainfo
  const rules = { version, name }
  // Version 2 only allows powers of two
  const kept = version === 'v1' || isPieceLength(old) ? old : 'auto'
  const pieceLength = request.pieceLength ?? kept
  const content = contentOfTorrent(verify, { ...rules, pieceLength })
  const mayChange = content !== null && version === 'hybrid' && request.pieceLength === null
  const isPadded = mayChange && content.size > MOST_PADDING * bytesOf(content)
  return isPadded ? contentOfTorrent(verify, { ...rules, pieceLength: 'auto' }) : content
}

/** The result: the new torrent, or a report if the content is incomplete. */
export type Conversion =
  | { readonly after: Metainfo; readonly report: null }
  | { readonly after: null; readonly report: VerifyReport }

/**
 * Checks the content against the torrent, makes the other version, and writes it. All other values
 * outside `info` are preserved byte for byte, except signatures of `info`. Reads twice: to check,
 * without the cache, and to hash in the new order.
 * @throws BtkitError `interrupted`, `exists` if another torrent is in its place, and as
 *   planConversion, obtainInfo, such as `changed` for a file that changed, and writeAtomically
 */
export async function convertTorrent(
  request: ConvertRequest,
  reading: Reading,
): Promise<{ readonly before: Metainfo; readonly conversion: Conversion }> {
  const plan = await planConversion(request)
  const { before, verify, content } = plan
  const total = bytesToRead(verify) + (content?.size ?? 0)
  const conversion = await reading(total, (context) => convert(plan, context))
  if (plan.store && conversion.after) await store(plan.store, conversion.after)
  return { before, conversion }
}

async function convert(
  { before, verify, content }: ConvertPlan,
  context: HashContext,
): Promise<Conversion> {
  const { trust, now } = context.cacheAccess
  // Digests in the cache are no proof that the content is whole now
  const cacheAccess = { cache: openNullCache(), trust, now }
  const report = await verifyTorrent(verify, { ...context, cacheAccess })
  if (content === null || !isWhole(report)) return { after: null, report }
  const options = { private: false, sourceTag: null, extraKeys: keptInfo(before) }
  const wanted = new InfoRequest(content, options, trust)
  // Progress continues after the bytes that were read before
  const engine = countingFrom(bytesToRead(verify), context.engine)
  const core = await obtainInfo(wanted, { ...context, engine })
  const changes = new Map([
    ['info', core.info],
    ['piece layers', core.pieceLayers],
  ])
  const bytes = spliceTopLevel(before, changes)
  return { after: parseMetainfo(bytes, { maxSize: bytes.length }), report: null }
}

/**
 * Whether the content is complete. If a hybrid's version 2 could not be checked, that is no
 * problem, because it is created again.
 */
function isWhole({ badPieces, uncheckedPieces, problems }: VerifyReport): boolean {
  return badPieces + uncheckedPieces === 0 && problems.length === 0
}

/** The file for a converted torrent. */
interface StoreRequest {
  readonly target: string
  /** Whether even another torrent, or a file that is none, is replaced. */
  readonly force: boolean
  /** Path of the original, which `target` may be, too; null if it has none. */
  readonly original: string | null
}

/** How a converted torrent will be written. */
interface PlannedStore {
  readonly request: StoreRequest
  readonly options: WriteOptions
  /** The file that must be a torrent or empty; null if any is replaced. */
  readonly replaced: ReplacedTorrent | null
}

/** In place of the original, mode and owner are kept, elsewhere only the mode. */
function planStore(request: StoreRequest): PlannedStore {
  const { original, target, force } = request
  const editable = original === null ? null : checkEditable(original)
  if (original !== null && editable && realPath(target) === realPath(original)) {
    if (!force) {
      const why = 'a torrent with another info hash would replace it'
      throw new BtkitError('exists', `${original}: ${why}; --force allows that`)
    }
    checkWritable(original)
    const checkUntouched = () => {
      checkUnchanged(original, editable)
    }
    return { request, options: { checkUntouched }, replaced: null }
  }
  const replaced = force ? null : new ReplacedTorrent()
  checkTarget(target, { checkReplaceable: (path) => replaced?.check(path) })
  return { request, options: { mode: editable?.mode }, replaced }
}

/** Beside the original, no torrent with other info hashes is replaced. */
async function store({ request, options, replaced }: PlannedStore, after: Metainfo): Promise<void> {
  const { original, target } = request
  const checkReplaceable = (path: string) =>
    original === null ? replaced?.check(path) : replaced?.checkSame(path, after)
  await writeAtomically(target, after.bytes, { ...options, checkReplaceable })
}

/**
 * Returns a torrent's files as content of another torrent, in the order of a file tree; null if one
 * of them is incomplete.
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
  const all = contentOfTree(tree, { ...rules, order: { by: 'path', isDescending: false } })
  return cutIntoPieces(all, rules.pieceLength)
}
