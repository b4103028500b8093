import { basename, resolve } from 'node:path'
import { BtkitError } from '../errors.js'
import { realPath } from '../files/real-path.js'
import { scanTree } from '../files/scan-tree.js'
import type { ScannedFile, ScanOptions, SkipReason } from '../files/scanned-tree.js'
import { checkName } from '../metainfo/name.js'
import { automaticPieceLength } from '../metainfo/piece-length.js'

/** Which files a torrent is made of, and how they are cut. */
export interface ContentRequest {
  /** A file or a directory. */
  readonly source: string
  /** The torrent's name, or null for that of the source. */
  readonly name: string | null
  readonly scan: ScanOptions
  /** In bytes, or `auto` for one that suits the size. */
  readonly pieceLength: number | 'auto'
  /** A path that must not become part of the torrent: the torrent's own. */
  readonly torrent: string | null
}

/** What a torrent will be made of: names and sizes, nothing read yet. */
export interface Content {
  readonly name: string
  readonly isDirectory: boolean
  /** In stream order. */
  readonly files: readonly ScannedFile[]
  readonly skipped: readonly Skipped[]
  /** In bytes. */
  readonly size: number
  readonly pieceLength: number
  readonly pieceCount: number
}

/** An entry of the source that is not part of the torrent. */
export interface Skipped {
  readonly path: string
  readonly reason: SkipReason | 'the torrent itself'
}

/**
 * Looks at the source and settles what its torrent is made of.
 * @throws BtkitError `empty` when there is not a byte in it, and those of scanTree
 */
export async function planContent(request: ContentRequest): Promise<Content> {
  const name = checkName(request.name ?? basename(resolve(request.source)))
  const tree = await scanTree(request.source, request.scan)
  const { files, skipped } = tree.isDirectory ? leaveOut(request.torrent, tree) : tree
  const size = files.reduce((sum, file) => sum + file.fingerprint.size, 0)
  if (size === 0) throw new BtkitError('empty', `${request.source}: ${whyEmpty(files, skipped)}`)
  const pieceLength =
    request.pieceLength === 'auto' ? automaticPieceLength(size) : request.pieceLength
  const pieceCount = Math.ceil(size / pieceLength)
  return { name, isDirectory: tree.isDirectory, files, skipped, size, pieceLength, pieceCount }
}

interface Selection {
  readonly files: readonly ScannedFile[]
  readonly skipped: readonly Skipped[]
}

/** A torrent inside its own source would never match it again. */
function leaveOut(torrent: string | null, tree: Selection): Selection {
  const own = torrent === null ? null : realPath(torrent)
  const isOwn = (file: ScannedFile) => file.absolutePath === own
  const left = tree.files.filter(isOwn).map((file) => ({
    path: file.path.join('/'),
    reason: 'the torrent itself' as const,
  }))
  if (left.length === 0) return tree
  return {
    files: tree.files.filter((file) => !isOwn(file)),
    skipped: [...tree.skipped, ...left],
  }
}

function whyEmpty(files: readonly ScannedFile[], skipped: readonly Skipped[]): string {
  if (files.length > 0) return 'holds no bytes, and clients refuse such torrents'
  if (skipped.length > 0) return `no file left: all ${skipped.length} entries are skipped`
  return 'no files in it'
}
