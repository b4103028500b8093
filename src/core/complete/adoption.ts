import { isSameBytes } from '../../bytes.js'
import { checkTarget } from '../../files/write/check-target.js'
import { PART_KEYS, type TorrentCore } from '../../metainfo/build/torrent.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { Content } from '../digests/content.js'
import { rootOf } from '../digests/file-trees.js'
import { hashContent } from '../digests/hash-content.js'
import { composeCore } from '../digests/info.js'
import { isPad } from '../digests/pad-files.js'
import { countUnknownPieces, type ContentDigests } from '../digests/piece-table.js'
import { recallPieces } from '../digests/recall-pieces.js'
import {
  digestTorrent,
  valuesOf,
  type CompleteDigests,
  type ExistingTorrent,
  type WantedValues,
} from './existing-torrent.js'
import type { UndecidedTorrent } from './torrent-decision.js'

/** The result of comparing a torrent's pieces with the content. */
export type PieceCheck =
  /** The torrent's own `info` with its layers. */
  | { readonly kind: 'same'; readonly core: TorrentCore; readonly isSettled: boolean }
  | { readonly kind: 'other' }
  /** Unknown: a dry run would have to read content. */
  | { readonly kind: 'unread' }

/**
 * Compares the pieces of an existing torrent with the content, which is arranged as in the torrent.
 * Reads only pieces that the cache does not know.
 * @throws BtkitError if the content cannot be read, or the torrent could not be written
 */
export async function checkPieces(
  { path, run }: UndecidedTorrent,
  metainfo: Metainfo,
  laidOut: Content,
): Promise<PieceCheck & { readonly bytesHashed: number }> {
  const { request, hashContext } = run
  if (!request.dryRun) checkTarget(path, {})
  const hashed = request.dryRun
    ? recallAll(laidOut, hashContext.cacheAccess)
    : await hashContent(laidOut, hashContext)
  if (!hashed) return { kind: 'unread', bytesHashed: 0 }
  const { bytesHashed, isSettled } = hashed
  if (!isSame(metainfo, laidOut, hashed)) return { kind: 'other', bytesHashed }
  const { pieceLayers } = composeCore(laidOut, request.common, hashed)
  return {
    kind: 'same',
    core: { info: valuesOf(metainfo).info, pieceLayers },
    bytesHashed,
    isSettled,
  }
}

/**
 * Whether the cache shows that the torrent's pieces belong to other content, as found by an earlier
 * run that tried to adopt it.
 */
export function isKnownOther(
  { run }: UndecidedTorrent,
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
  return laidOut.files.every((file, number) => {
    if (isPad(file) || file.fingerprint.size === 0) return true
    const root = roots.get(file.path.join('/'))
    return root ? isSameBytes(root, rootOf(trees, number)) : false
  })
}

/**
 * Returns the digests of a foreign torrent as if btkit had written every value that a command line
 * can set. Other keys count as added by the user, and are preserved.
 */
export function digestsOfForeign(
  { bytes }: ExistingTorrent,
  metainfo: Metainfo,
  { beside: wanted }: WantedValues,
): CompleteDigests {
  const values = valuesOf(metainfo)
  const ours = [...values.beside].filter(([key]) => PART_KEYS.has(key) || wanted.has(key))
  return { ...digestTorrent(bytes, { ...values, beside: new Map(ours) }), isAdopted: true }
}
