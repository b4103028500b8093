import { basename, resolve } from 'node:path'
import { checkReplaceable } from '../replaced-torrent.js'
import { BtkitError, valueOr } from '../../errors.js'
import { isWithin, realPath } from '../../files/inside.js'
import { scanTree } from '../../files/scan/scan-tree.js'
import type { ScannedFile, ScannedTree, ScanOptions } from '../../files/scan/scanned-tree.js'
import { countSkipped, type Skipped } from './skipped.js'
import { checkNameOnDisk } from '../../metainfo/name.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { suitedPieceLength } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { alignFiles, withoutPads, type NamedFile } from './pad-files.js'
import { sortFiles, type FileOrder } from './sort-files.js'

/** Selects the files of a torrent, and how they are divided into pieces. */
export interface ContentRequest extends ContentRules {
  /** A file or a directory. */
  readonly source: string
  readonly scan: ScanOptions
  /** The torrent's path, or null. The torrent must not become part of its own content. */
  readonly torrent: string | null
  /** Other output files, which must not become part of the content either. */
  readonly otherOutputs?: readonly string[] | undefined
}

export interface ContentRules {
  readonly version: MetainfoVersion
  /** The torrent's name; null for the name of the source. */
  readonly name: string | null
  /** In bytes, or `auto` for one that suits the size. */
  readonly pieceLength: PieceLength | 'auto'
  /** Whether each file begins a piece, with pad files between files (BEP 47). */
  readonly isAligned?: boolean | undefined
  /** The order of the files. Default: as scanned. */
  readonly order?: FileOrder | undefined
}

/** The content of a torrent: names and sizes. Nothing was read yet. */
export interface Content {
  readonly version: MetainfoVersion
  readonly name: string
  readonly isDirectory: boolean
  /** In stream order, with pad files: in v2 and hybrids each file begins a piece. */
  readonly files: readonly ScannedFile[]
  readonly skipped: readonly Skipped[]
  /** Bytes of the stream that is divided into pieces, including pad files. */
  readonly size: number
  readonly pieceLength: PieceLength
  readonly pieceCount: number
  /** Whether there are pad files, which must change with the piece length. */
  readonly isAligned?: boolean | undefined
}

/**
 * Scans the source and plans the content of its torrent.
 * @throws BtkitError `empty` if it has no bytes, and as scanTree
 */
export async function planContent(request: ContentRequest): Promise<Content> {
  const { torrent, otherOutputs = [] } = request
  const scanned = await scanTree(request.source, request.scan)
  const tree = excludeOutput(scanned, torrent === null ? null : realPath(torrent))
  return contentOfTree(otherOutputs.reduce(leaveOut, tree), request)
}

/**
 * Leaves an output file out of the content. Its content is checked later, before it is replaced.
 */
function leaveOut(tree: Tree, output: string): Tree {
  const path = realPath(output)
  const left = tree.files.filter(({ absolutePath }) => absolutePath === path)
  if (left.length === 0) return tree
  const files = tree.files.filter((file) => !left.includes(file))
  return { ...tree, files, skipped: [...tree.skipped, ...left.map(describeOutput)] }
}

/** A scanned tree, possibly without some of its files. */
export type Tree = Omit<ScannedTree, 'skipped'> & { readonly skipped: readonly Skipped[] }

/**
 * Leaves files at or below the real path `output` out of a directory: a torrent inside its own
 * source would never match the source again.
 * @throws BtkitError `exists` if the file is not a torrent, because it would be lost
 */
export function excludeOutput(tree: Tree, output: string | null): Tree {
  if (output === null) return tree
  const isOutput = (file: ScannedFile) => isWithin(file.absolutePath, output)
  const left = tree.files.filter(isOutput)
  if (left.length === 0) return tree
  const lost = left.find(({ absolutePath }) => absolutePath === output)
  const isSafe = tree.isDirectory && (output.endsWith('.torrent') || isOlderTorrent(output))
  if (lost && !isSafe) {
    throw new BtkitError(
      'exists',
      `${output}: would be replaced by a torrent of itself; choose another output`,
    )
  }
  const files = tree.files.filter((file) => !isOutput(file))
  return { ...tree, files, skipped: [...tree.skipped, ...left.map(describeOutput)] }
}

/** Whether a file of any name is a torrent, which a new one may replace. */
function isOlderTorrent(path: string): boolean {
  return valueOr(false, () => {
    checkReplaceable(path)
    return true
  })
}

function describeOutput({ path }: ScannedFile): Skipped {
  return { path: path.join('/'), reason: 'the torrent itself' }
}

/**
 * Plans the content of a scanned tree's torrent.
 * @throws BtkitError `empty` if it has no bytes, `bad-name` for paths that its version does not
 *   allow
 */
export function contentOfTree(tree: Tree, rules: ContentRules): Content {
  const { root, isDirectory, skipped } = tree
  const files = rules.order ? sortFiles(tree.files, rules.order) : tree.files
  const name = checkNameOnDisk(rules.name ?? basename(resolve(root)))
  const { version } = rules
  refusePaths(tree, name, version)
  const isAligned = rules.isAligned === true || version !== 'v1'
  const parts = { version, name, isDirectory, files, skipped }
  const content = cutIntoPieces(isAligned ? { ...parts, isAligned } : parts, rules.pieceLength)
  if (content.size === 0) throw new BtkitError('empty', `${root}: ${whyEmpty(tree)}`)
  return content
}

/**
 * Divides files into pieces of this length in bytes. The automatic length depends on the bytes
 * without padding.
 * @throws BtkitError as alignFiles does
 */
export function cutIntoPieces(
  parts: Omit<Content, 'size' | 'pieceLength' | 'pieceCount'>,
  length: ContentRules['pieceLength'],
): Content {
  const { version, name, isDirectory, skipped, isAligned } = parts
  const own = isAligned ? withoutPads(parts.files) : parts.files
  const lengths = () => own.map(({ fingerprint }) => fingerprint.size)
  const pieceLength = length === 'auto' ? suitedPieceLength(lengths(), isAligned) : length
  const files = isAligned ? alignFiles(own, pieceLength) : own
  const size = sizeOf(files)
  const pieceCount = Math.ceil(size / pieceLength)
  // Lists all properties: there may be very many contents, and spreading takes several times as
  // long
  const cut = { version, name, isDirectory, files, skipped, size, pieceLength, pieceCount }
  return isAligned === undefined ? cut : { ...cut, isAligned }
}

/** Returns the bytes of content without padding. */
export function bytesOf({ files }: Pick<Content, 'files'>): number {
  return sizeOf(withoutPads(files))
}

/** Returns the paths with a backslash in a name, including the content's own name. */
export function backslashedPaths({ name, isDirectory, files }: Content): string[] {
  const isTold = (component: string) => component.includes('\\')
  if (!isDirectory) return [name].filter(isTold)
  const found = isTold(name) ? files : files.filter(({ path }) => path.some(isTold))
  return found.map(({ path }) => [name, ...path].join('/'))
}

/** Returns the total bytes of files. */
function sizeOf(files: readonly ScannedFile[]): number {
  return files.reduce((sum, file) => sum + file.fingerprint.size, 0)
}

function whyEmpty({ files, skipped }: Tree): string {
  if (files.length > 0) return 'is empty, and clients refuse such torrents'
  if (skipped.length > 0) return `no file left: skipped ${countSkipped(skipped) ?? ''}`
  return 'no files in it'
}

/** The names of a torrent's content. */
export interface NamedTree {
  /** Names the content in errors. */
  readonly root: string
  readonly isDirectory: boolean
  readonly files: readonly NamedFile[]
}

/**
 * Refuses paths that clients of a torrent's version cannot read.
 * @throws BtkitError `bad-name`
 */
export function refusePaths(tree: NamedTree, name: string, version: MetainfoVersion): void {
  if (version === 'v2') refuseHiddenDirectory(name, tree)
  if (version !== 'v1') refuseDeepFiles(tree.files)
}

/**
 * Refuses a directory with only one file of the same name: in v2 it cannot be distinguished from
 * that single file (BEP 52).
 */
function refuseHiddenDirectory(name: string, { root, isDirectory, files }: NamedTree): void {
  const [first] = files
  if (!isDirectory || files.length > 1 || first?.path.join('/') !== name) return
  const why = `v2 can't tell a directory from its only file when both are called '${name}'`
  throw new BtkitError('bad-name', `${root}: ${why}; rename one of them, or use --hybrid`)
}

/**
 * Most path components in a file tree that clients accept: they limit nesting to 100 dictionaries.
 */
const MOST_COMPONENTS = 96

function refuseDeepFiles(files: readonly NamedFile[]): void {
  const deep = files.find(({ path }) => path.length > MOST_COMPONENTS)
  if (!deep) return
  const why = `is more than ${MOST_COMPONENTS} directories deep, which clients of v2 do not read`
  throw new BtkitError('bad-name', `${deep.absolutePath}: ${why}`)
}
