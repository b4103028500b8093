import { basename, resolve } from 'node:path'
import { BtkitError } from '../../errors.js'
import { isWithin } from '../../files/inside.js'
import { realPath } from '../../files/real-path.js'
import { scanTree } from '../../files/scan/scan-tree.js'
import type {
  ScannedFile,
  ScannedTree,
  ScanOptions,
  SkipReason,
} from '../../files/scan/scanned-tree.js'
import { ZEROS } from '../../hash/stream/content-stream.js'
import { checkName } from '../../metainfo/name.js'
import { automaticPieceLength } from '../../metainfo/piece-length.js'

/** Which files a torrent is made of, and how they are cut. */
export interface ContentRequest extends ContentRules {
  /** A file or a directory. */
  readonly source: string
  readonly scan: ScanOptions
  /** Where the torrent goes; null for nowhere. It must not become part of itself. */
  readonly torrent: string | null
}

export interface ContentRules {
  /** The torrent's name, or null for that of the source. */
  readonly name: string | null
  /** In bytes, or `auto` for one that suits the size. */
  readonly pieceLength: number | 'auto'
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

/** A pad file: zeros of that many bytes that stand in the stream, but on no disk (BEP 47). */
export function padFile(path: string[], size: number): ScannedFile {
  const fingerprint = { size, mtimeNs: 0n, ctimeNs: 0n, inode: 0n, device: 0n }
  return { path, absolutePath: ZEROS, fingerprint }
}

/** Whether a file is a pad file, which is on no disk. */
export function isPad({ absolutePath }: ScannedFile): boolean {
  return absolutePath === ZEROS
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
  const own = request.torrent === null ? null : realPath(request.torrent)
  const tree = excludeOutput(await scanTree(request.source, request.scan), own)
  return contentOfTree(tree, request)
}

/** A scanned tree without some of its files. */
export type Tree = Omit<ScannedTree, 'skipped'> & { readonly skipped: readonly Skipped[] }

/**
 * Leaves out of a directory what lies at or below the real path `output`: torrents that are
 * written inside their own source would never match it again.
 * @throws BtkitError `exists` when that is no torrent, and so would be lost
 */
export function excludeOutput(tree: ScannedTree, output: string | null): Tree {
  if (output === null) return tree
  const isOutput = (file: ScannedFile) => isWithin(file.absolutePath, output)
  const left = tree.files.filter(isOutput)
  if (left.length === 0) return tree
  const lost = left.find(({ absolutePath }) => absolutePath === output)
  if (lost && !(tree.isDirectory && lost.path.at(-1)?.endsWith('.torrent'))) {
    throw new BtkitError('exists', `${output}: would be replaced by a torrent of itself`)
  }
  const files = tree.files.filter((file) => !isOutput(file))
  return { ...tree, files, skipped: [...tree.skipped, ...left.map(describeOutput)] }
}

function describeOutput({ path }: ScannedFile): Skipped {
  return { path: path.join('/'), reason: 'the torrent itself' }
}

/**
 * Settles what the torrent of a scanned tree is made of.
 * @throws BtkitError `empty` when there is not a byte in it
 */
export function contentOfTree(tree: Tree, rules: ContentRules): Content {
  const { root, isDirectory, files, skipped } = tree
  const name = checkName(rules.name ?? basename(resolve(root)))
  const content = cutIntoPieces({ name, isDirectory, files, skipped }, rules.pieceLength)
  if (content.size === 0) throw new BtkitError('empty', `${root}: ${whyEmpty(tree)}`)
  return content
}

/** Lays files one after the other, and cuts them into pieces of that length in bytes. */
export function cutIntoPieces(
  parts: Pick<Content, 'name' | 'isDirectory' | 'files' | 'skipped'>,
  length: ContentRules['pieceLength'],
): Content {
  const size = parts.files.reduce((sum, file) => sum + file.fingerprint.size, 0)
  const pieceLength = length === 'auto' ? automaticPieceLength(size) : length
  return { ...parts, size, pieceLength, pieceCount: Math.ceil(size / pieceLength) }
}

function whyEmpty({ files, skipped }: Tree): string {
  if (files.length > 0) return 'holds no bytes, and clients refuse such torrents'
  if (skipped.length > 0) return `no file left: all ${skipped.length} entries are skipped`
  return 'no files in it'
}
