import { basename, resolve } from 'node:path'
import { checkReplaceable } from '../check-replaceable.js'
import { BtkitError } from '../../errors.js'
import { isWithin, realPath } from '../../files/inside.js'
import { scanTree } from '../../files/scan/scan-tree.js'
import type {
  ScannedFile,
  ScannedTree,
  ScanOptions,
  SkipReason,
} from '../../files/scan/scanned-tree.js'
import { checkNameOnDisk } from '../../metainfo/name.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { alignedPieceLength, automaticPieceLength } from '../../metainfo/piece-length.js'
import { alignFiles, withoutPads } from './pad-files.js'
import { sortFiles, type FileOrder } from './sort-files.js'

/** Which files a torrent is made of, and how they are cut. */
export interface ContentRequest extends ContentRules {
  /** A file or a directory. */
  readonly source: string
  readonly scan: ScanOptions
  /** Where the torrent goes; null for nowhere. It must not become part of itself. */
  readonly torrent: string | null
  /** What else is written for that content, which must not become part of it either. */
  readonly otherOutputs?: readonly string[] | undefined
}

export interface ContentRules {
  readonly version: MetainfoVersion
  /** The torrent's name, or null for that of the source. */
  readonly name: string | null
  /** In bytes, or `auto` for one that suits the size. */
  readonly pieceLength: number | 'auto'
  /** Whether each file begins a piece, with pad files between them (BEP 47). */
  readonly isAligned?: boolean | undefined
  /** The order of its files; absent: as they were scanned. */
  readonly order?: FileOrder | undefined
}

/** What a torrent will be made of: names and sizes, nothing read yet. */
export interface Content {
  readonly version: MetainfoVersion
  readonly name: string
  readonly isDirectory: boolean
  /** In stream order, pad files among them: in v2 and hybrids each file begins a piece. */
  readonly files: readonly ScannedFile[]
  readonly skipped: readonly Skipped[]
  /** In bytes: the length of the stream that is cut into pieces, so pad files count. */
  readonly size: number
  readonly pieceLength: number
  readonly pieceCount: number
  /** Whether pad files were put between its files, to be put anew for another piece length. */
  readonly isAligned?: boolean | undefined
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
  const { torrent, otherOutputs = [] } = request
  const scanned = await scanTree(request.source, request.scan)
  const tree = excludeOutput(scanned, torrent === null ? null : realPath(torrent))
  return contentOfTree(otherOutputs.reduce(leaveOut, tree), request)
}

/** What is written beside the torrent is looked at before it is replaced, whatever it is. */
function leaveOut(tree: Tree, output: string): Tree {
  const path = realPath(output)
  const left = tree.files.filter(({ absolutePath }) => absolutePath === path)
  if (left.length === 0) return tree
  const files = tree.files.filter((file) => !left.includes(file))
  return { ...tree, files, skipped: [...tree.skipped, ...left.map(describeOutput)] }
}

/** A scanned tree without some of its files. */
export type Tree = Omit<ScannedTree, 'skipped'> & { readonly skipped: readonly Skipped[] }

/**
 * Leaves out of a directory what lies at or below the real path `output`: torrents that are
 * written inside their own source would never match it again.
 * @throws BtkitError `exists` when that is no torrent, and so would be lost
 */
export function excludeOutput(tree: Tree, output: string | null): Tree {
  if (output === null) return tree
  const isOutput = (file: ScannedFile) => isWithin(file.absolutePath, output)
  const left = tree.files.filter(isOutput)
  if (left.length === 0) return tree
  const lost = left.find(({ absolutePath }) => absolutePath === output)
  const isSafe = tree.isDirectory && (output.endsWith('.torrent') || isOlderTorrent(output))
  if (lost && !isSafe) {
    throw new BtkitError('exists', `${output}: would be replaced by a torrent of itself`)
  }
  const files = tree.files.filter((file) => !isOutput(file))
  return { ...tree, files, skipped: [...tree.skipped, ...left.map(describeOutput)] }
}

/** Whether a file of any name is a torrent, which a new one may replace. */
function isOlderTorrent(path: string): boolean {
  try {
    checkReplaceable(path)
    return true
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}

function describeOutput({ path }: ScannedFile): Skipped {
  return { path: path.join('/'), reason: 'the torrent itself' }
}

/**
 * Settles what the torrent of a scanned tree is made of.
 * @throws BtkitError `empty` when there is not a byte in it, `bad-name` for paths that its version
 * can't have
 */
export function contentOfTree(tree: Tree, rules: ContentRules): Content {
  const { root, isDirectory, skipped } = tree
  const files = rules.order ? sortFiles(tree.files, rules.order) : tree.files
  const name = checkNameOnDisk(rules.name ?? basename(resolve(root)))
  const { version } = rules
  if (version === 'v2') refuseHiddenDirectory(name, tree)
  if (version !== 'v1') refuseDeepFiles(files)
  const isAligned = rules.isAligned === true || version !== 'v1'
  const parts = { version, name, isDirectory, files, skipped }
  const content = cutIntoPieces(isAligned ? { ...parts, isAligned } : parts, rules.pieceLength)
  if (content.size === 0) throw new BtkitError('empty', `${root}: ${whyEmpty(tree)}`)
  return content
}

/** A v2 torrent of one file that is called as the torrent is one of that file alone (BEP 52). */
function refuseHiddenDirectory(name: string, { root, isDirectory, files }: Tree): void {
  const [first] = files
  if (!isDirectory || files.length > 1 || first?.path.join('/') !== name) return
  const why = `v2 can't tell a directory from its only file when both are called '${name}'`
  throw new BtkitError('bad-name', `${root}: ${why}; --hybrid can`)
}

/** Path components for which a file tree nests no deeper than clients read: 100 dictionaries. */
const MOST_COMPONENTS = 96

function refuseDeepFiles(files: readonly ScannedFile[]): void {
  const deep = files.find(({ path }) => path.length > MOST_COMPONENTS)
  if (!deep) return
  const why = `is more than ${MOST_COMPONENTS} directories deep, which clients of v2 do not read`
  throw new BtkitError('bad-name', `${deep.absolutePath}: ${why}`)
}

/**
 * Lays files one after the other, and cuts them into pieces of that length in bytes. The automatic
 * length goes by the bytes that are on a disk.
 * @throws BtkitError as alignFiles does
 */
export function cutIntoPieces(
  parts: Omit<Content, 'size' | 'pieceLength' | 'pieceCount'>,
  length: ContentRules['pieceLength'],
): Content {
  const own = parts.isAligned ? withoutPads(parts.files) : parts.files
  const pieceLength = length === 'auto' ? suitedLength(own, parts) : length
  const files = parts.isAligned ? alignFiles(own, pieceLength) : own
  const size = sizeOf(files)
  const pieceCount = Math.ceil(size / pieceLength)
  const { version, name, isDirectory, skipped, isAligned } = parts
  // Spelled out, as there may be very many, and copying an object costs several times as much
  const cut = { version, name, isDirectory, files, skipped, size, pieceLength, pieceCount }
  return isAligned === undefined ? cut : { ...cut, isAligned }
}

function suitedLength(
  files: readonly ScannedFile[],
  { isAligned }: Pick<Content, 'isAligned'>,
): number {
  return isAligned
    ? alignedPieceLength(files.map(({ fingerprint }) => fingerprint.size))
    : automaticPieceLength(sizeOf(files))
}

/** The bytes of content that are on a disk. */
export function bytesOf({ files }: Pick<Content, 'files'>): number {
  return sizeOf(withoutPads(files))
}

/** The paths of some content in which a name has a backslash, with the content's own name in front. */
export function backslashedPaths({ name, isDirectory, files }: Content): string[] {
  const isTold = (component: string) => component.includes('\\')
  if (!isDirectory) return [name].filter(isTold)
  const found = isTold(name) ? files : files.filter(({ path }) => path.some(isTold))
  return found.map(({ path }) => [name, ...path].join('/'))
}

/** The bytes of some files together. */
export function sizeOf(files: readonly ScannedFile[]): number {
  return files.reduce((sum, file) => sum + file.fingerprint.size, 0)
}

function whyEmpty({ files, skipped }: Tree): string {
  if (files.length > 0) return 'holds no bytes, and clients refuse such torrents'
  if (skipped.length > 0) return `no file left: all ${skipped.length} entries are skipped`
  return 'no files in it'
}
