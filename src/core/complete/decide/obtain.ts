import { isSameBytes } from '../../../bytes.js'
import { checkTarget } from '../../../files/write/atomically.js'
import type { TorrentCore } from '../../../metainfo/build/torrent.js'
import type { Metainfo } from '../../../metainfo/metainfo.js'
import type { Content } from '../../digests/content.js'
import { alignedFiles, rootOf } from '../../digests/file-trees.js'
import { hashContent } from '../../digests/hash-content.js'
import { composeCore, obtainInfo, recallInfo, type InfoRequest } from '../../digests/info.js'
import { countUnknownPieces, type ContentDigests } from '../../digests/piece-table.js'
import { recallPieces } from '../../digests/recall-pieces.js'
import { valuesOf } from './existing.js'
import type { Undecided } from '../target/own-file.js'
import type { TargetDirectory } from '../target/targets.js'
import { infoInputOf } from './unchanged.js'

/** An entry whose torrent is missing or may be outdated, and what was read to decide about it. */
export interface UndecidedTorrent {
  readonly own: Undecided
  readonly infoRequest: InfoRequest
  bytesHashed: number
}

const NOTHING = new Uint8Array(0)

/**
 * Obtains the data of a torrent, and reads content that is not known. Null if a dry run would have
 * to read it.
 * @throws BtkitError if the content cannot be read or the torrent could not be written
 */
export function obtain(entry: UndecidedTorrent): Promise<TorrentCore | null> {
  const { infoRequest, own } = entry
  const { hashContext, request } = own.run
  if (request.dryRun) {
    const recalled = recallInfo(infoRequest, hashContext.cacheAccess)
    return Promise.resolve('info' in recalled ? recalled : null)
  }
  checkPlace(own)
  return obtainInfo(infoRequest, hashContext).then((core) => {
    forgetOldInfo(entry)
    noteRead(entry, core)
    return core
  })
}

/** Notes what was read for an entry. Only settled content counts as the input of its torrent. */
function noteRead(
  entry: UndecidedTorrent,
  read: { readonly bytesHashed: number; readonly isSettled: boolean },
): void {
  entry.bytesHashed = read.bytesHashed
  if (!read.isSettled) entry.own.input = NOTHING
}

/** Removes the old `info` from the cache: changed files never become the same again. */
function forgetOldInfo({ own, infoRequest }: UndecidedTorrent): void {
  const { record, run } = own
  const old = record && infoInputOf(record.input)
  if (!old || !infoRequest.content.isDirectory || isSameBytes(old, infoRequest.input)) return
  const { cache } = run.hashContext.cacheAccess
  for (const kind of ['info', 'layers'] as const) cache.remove(kind, old)
}

/** The directories in which a file could be created. */
const writable = new WeakSet<TargetDirectory>()

/** Checks, before hours of hashing, that a torrent or list can be written. */
export function checkPlace({ path, existing, target }: Undecided): void {
  if (!existing && writable.has(target)) return
  checkTarget(path, {})
  if (!existing) writable.add(target)
}

/**
 * Compares the pieces of an existing torrent with the content, which is arranged as in the torrent.
 * Reads only pieces that the cache does not know. Returns the torrent's own `info` with its layers;
 * `unread` if a dry run would have to read content.
 * @throws BtkitError if the content cannot be read, or the torrent could not be written
 */
export async function checkPieces(
  entry: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
): Promise<TorrentCore | 'other' | 'unread'> {
  const { request, hashContext } = entry.own.run
  if (!request.dryRun) checkPlace(entry.own)
  const hashed = request.dryRun
    ? recallAll(laidOut, hashContext.cacheAccess)
    : await hashContent(laidOut, hashContext)
  if (!hashed) return 'unread'
  noteRead(entry, hashed)
  if (!isSame(metainfo, laidOut, hashed)) return 'other'
  const { pieceLayers } = composeCore(laidOut, request.common, hashed)
  return { info: valuesOf(metainfo).info, pieceLayers }
}

/**
 * Whether the cache shows that the torrent's pieces belong to other content, as found by an earlier
 * run that tried to adopt it.
 */
export function isKnownOther(
  { own: { run } }: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
): boolean {
  const known = recallAll(laidOut, run.hashContext.cacheAccess)
  return known !== null && !isSame(metainfo, laidOut, known)
}

function recallAll(content: Content, cacheAccess: Parameters<typeof recallPieces>[1]) {
  const table = recallPieces(content, cacheAccess)
  if (countUnknownPieces(table) > 0) return null
  return { ...table, bytesHashed: 0, isSettled: true }
}

function isSame(metainfo: Metainfo, laidOut: Content, { digests, trees }: ContentDigests): boolean {
  if (metainfo.pieces && !isSameBytes(metainfo.pieces, digests)) return false
  if (!trees) return true
  const roots = new Map(
    metainfo.tree?.map(({ file, piecesRoot }) => [file.path.join('/'), piecesRoot]),
  )
  for (const { number } of alignedFiles(laidOut)) {
    const root = roots.get(laidOut.files.pathAt(number).join('/'))
    if (!root || !isSameBytes(root, rootOf(trees, number))) return false
  }
  return true
}
