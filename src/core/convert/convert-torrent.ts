import { BtkitError } from '../../errors.js'
import type { TorrentCore } from '../../metainfo/build/torrent.js'
import { keptInfo } from '../../metainfo/edit/splice-torrent.js'
import { spliceDict } from '../../metainfo/edit/splice-dict.js'
import type { Metainfo, MetainfoVersion } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2 } from '../../metainfo/piece-length.js'
import { bytesOf, type Content, contentOfTree, type ContentRules } from '../digests/content.js'
import type { HashContext } from '../digests/hash-content.js'
import { infoRequest, obtainInfo } from '../digests/info.js'
import type { VerifyReport } from '../verify/report.js'
import {
  bytesToRead,
  planVerify,
  verifyTorrent,
  type VerifyPlan,
} from '../verify/verify-torrent.js'
import { writeAtomically, type WriteOptions } from '../../files/write/atomically.js'
import { checkEditable, checkUnchanged, checkWritable } from '../../files/write/check-editable.js'
import { checkTarget } from '../../files/write/check-target.js'
import { checkReplaceable } from '../check-replaceable.js'
import type { Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import type { FoundFile } from '../verify/content.js'

/** A symbolic link has no bytes. */
const NO_FILE: Fingerprint = { size: 0, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }

/** What to convert, and into what. */
interface ConvertRequest {
  readonly metainfo: Metainfo
  /** What the torrent is called in errors. */
  readonly torrent: string
  /** The content, or the directory that holds it under the torrent's name. */
  readonly path: string
  readonly version: MetainfoVersion
  /** In bytes, or `auto` for one that suits; null for the old one, where that will do. */
  readonly pieceLength: number | 'auto' | null
}

/** A conversion for which all files have been looked for, and none was read yet. */
export interface ConvertPlan {
  readonly request: ConvertRequest
  readonly verify: VerifyPlan
  /** What the new torrent will be made of; null when not every file is there. */
  readonly content: Content | null
}

/**
 * Looks for the files of a torrent, and decides what it will be like in the other version.
 * @throws BtkitError `metainfo` when the torrent is of that version already, those of planVerify, and
 * those of contentOfTree
 */
export async function planConversion(request: ConvertRequest): Promise<ConvertPlan> {
  const { metainfo, torrent, path, version } = request
  if (metainfo.version === version) {
    throw new BtkitError('metainfo', `${torrent}: is a ${version} torrent already`)
  }
  const verify = await planVerify({ metainfo, torrent, path, checkHashes: true, extra: false })
  return { request, verify, content: contentFor(request, verify) }
}

/** A hybrid's pad files may make its stream longer by this factor; else shorter pieces are better. */
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

/** Version 2 has powers of two alone. */
function keptPieceLength({ metainfo, version }: ConvertRequest): number | 'auto' {
  const pow2 = Math.log2(metainfo.pieceLength)
  const isV2Length = Number.isInteger(pow2) && pow2 >= MIN_PIECE_POW2 && pow2 <= MAX_PIECE_POW2
  return version === 'v1' || isV2Length ? metainfo.pieceLength : 'auto'
}

/** The bytes that a conversion reads: once to check them, once to hash them in their new order. */
export function bytesToConvert({ verify, content }: ConvertPlan): number {
  return bytesToRead(verify) + (content?.size ?? 0)
}

/** How to read: the cache for what the torrent's own pieces are checked with is one of its own. */
interface ConvertContexts {
  /** To check the content; with an empty cache, all of it is read. */
  readonly check: HashContext
  /** To hash it for the new torrent. */
  readonly make: HashContext
}

/** What came out: the torrent as it became, or a report of content that is not whole. */
export type Conversion =
  | { readonly after: Metainfo; readonly report: null }
  | { readonly after: null; readonly report: VerifyReport }

/**
 * Checks the content against the torrent, and makes the torrent of the other version. All that stood
 * beside `info` and its content stays, byte for byte outside `info`; nothing is written.
 * @throws BtkitError `interrupted`, and those of obtainInfo: `changed` for a file that did
 */
export async function convertTorrent(
  plan: ConvertPlan,
  { check, make }: ConvertContexts,
): Promise<Conversion> {
  const { request, content } = plan
  const report = await verifyTorrent(plan.verify, check)
  if (content === null || !isWhole(report)) return { after: null, report }
  const options = { private: false, sourceTag: null, extraKeys: keptInfo(request.metainfo) }
  const wanted = infoRequest(content, options, make.cacheAccess.trust)
  const core = await obtainInfo(wanted, afterReading(bytesToRead(plan.verify), make))
  return { after: replaceCore(request.metainfo, core), report: null }
}

/** Has progress count on from the bytes that were read before. */
function afterReading(bytesBefore: number, hashContext: HashContext): HashContext {
  const { engine } = hashContext
  const onProgress: typeof engine.onProgress = ({ bytesDone, currentPath }) => {
    engine.onProgress?.({ bytesDone: bytesBefore + bytesDone, currentPath })
  }
  return { ...hashContext, engine: { ...engine, onProgress } }
}

/** Version 2 of a hybrid that could not be checked does not matter: it is made anew. */
function isWhole({ badPieces, uncheckedPieces, files }: VerifyReport): boolean {
  return badPieces + uncheckedPieces === 0 && files.every(({ status }) => status === 'ok')
}

function replaceCore(metainfo: Metainfo, { info, pieceLayers }: TorrentCore): Metainfo {
  const changes = new Map([
    ['info', info],
    ['piece layers', pieceLayers],
  ])
  const bytes = spliceDict(metainfo, changes)
  return parseMetainfo(bytes, { maxSize: bytes.length })
}

/** Where a converted torrent goes. */
export interface ConvertTarget {
  /** The torrent that is converted. */
  readonly torrent: string
  /** The file to write; null for the torrent's own place. */
  readonly target: string | null
  /** Whether to replace even a target that is no torrent. */
  readonly force: boolean
}

/**
 * Makes sure, before anything is read, that a converted torrent could be written, and says how: in
 * the place of the old one it keeps its mode and owner, elsewhere its mode alone.
 * @throws BtkitError those of checkEditable, checkWritable and checkTarget
 */
export function planStore({ torrent, target, force }: ConvertTarget): WriteOptions {
  const editable = checkEditable(torrent)
  const { mode, owner } = editable
  if (target === null) {
    checkWritable(torrent)
    const checkUntouched = () => {
      checkUnchanged(torrent, editable)
    }
    return { mode, owner, checkUntouched }
  }
  const options = force ? { mode } : { mode, checkReplaceable }
  checkTarget(target, options)
  return options
}

/**
 * Writes a converted torrent.
 * @throws BtkitError those of writeAtomically
 */
export async function storeConversion(
  { torrent, target }: ConvertTarget,
  bytes: Uint8Array,
  options: WriteOptions,
): Promise<void> {
  await writeAtomically(target ?? torrent, bytes, options)
}

/**
 * The files of a torrent as content of another torrent, in the order of a file tree, with their
 * attributes; null when one of them is not there in full.
 * @throws BtkitError as contentOfTree does
 */
function contentOfTorrent(
  { request, files }: VerifyPlan,
  rules: Pick<ContentRules, 'version' | 'name' | 'pieceLength'>,
): Content | null {
  const own = files.filter(({ file }) => !file.padding)
  const scanned = own.flatMap(scannedFile)
  if (scanned.length < own.length) return null
  const { isDirectory } = request.metainfo
  const tree = { root: request.path, isDirectory, files: scanned, skipped: [] }
  return contentOfTree(tree, { ...rules, order: { by: 'path', isDescending: false } })
}

function scannedFile({ file, found }: FoundFile): ScannedFile[] {
  const { path, attr, symlinkPath, length } = file
  const attributes = attr === '' ? {} : { attributes: attr }
  if (symlinkPath) {
    return [
      { path, absolutePath: path.join('/'), fingerprint: NO_FILE, ...attributes, symlinkPath },
    ]
  }
  if (found.kind !== 'file' || found.fingerprint.size !== length) return []
  return [{ path, absolutePath: found.path, fingerprint: found.fingerprint, ...attributes }]
}
