import { basename, resolve, sep } from 'node:path'
import { requireTorrent } from '../replaced-torrent.js'
import { BtkitError, valueOr } from '../../base/errors.js'
import { isWithin, realPath } from '../../disk/look/inside.js'
import { scanTree } from '../../disk/scan/scan-tree.js'
import type { ScannedTree, ScanOptions } from '../../disk/scan/scanned-tree.js'
import { FileColumns } from '../../disk/file-lists/columns.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'
import { countSkipped, type Skipped } from './skipped.js'
import { checkNameOnDisk, isTorrentName } from '../../metainfo/name.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
import { alignedPieceLength, automaticPieceLength } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { alignFiles, withoutPads } from './pad-files.js'
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

/** A file that is the content of a torrent of its name. */
export interface SingleFile extends Pick<ContentRules, 'version' | 'pieceLength'> {
  readonly file: ScannedFile
}

/** Files one after the other, divided into pieces: all that their digests depend on. */
export interface CutFiles {
  readonly version: MetainfoVersion
  readonly name: string
  /** In stream order, with pad files: in v2 and hybrids each file begins a piece. */
  readonly files: FileColumns
  /** Bytes of the stream that is divided into pieces, including pad files. */
  readonly size: number
  readonly pieceLength: PieceLength
  readonly pieceCount: number
}

/** The content of a torrent before it is divided. Nothing was read yet. */
export interface UncutContent extends Pick<CutFiles, 'version' | 'name' | 'files'> {
  readonly isDirectory: boolean
  readonly skipped: readonly Skipped[]
  /** Whether there are pad files when it is cut, which change with the piece length. */
  readonly isAligned?: boolean | undefined
}

/** The same with its pieces. */
export interface Content extends UncutContent, CutFiles {}

/**
 * Scans the source and plans the content of its torrent.
 * @throws BtkitError `empty` if it has no bytes, and as scanTree
 */
export async function planContent(request: ContentRequest): Promise<UncutContent> {
  const { torrent, otherOutputs = [] } = request
  const scanned = await scanTree(request.source, request.scan)
  const tree = excludeOutput(scanned, torrent === null ? null : realPath(torrent))
  return contentOfTree(otherOutputs.reduce(leaveOut, tree), request)
}

/**
 * Leaves an output file out of the content. Its content is checked later, before it is replaced.
 */
function leaveOut(tree: Tree, output: string): Tree {
  const { files } = tree
  const path = realPath(output)
  if (path === null) return tree
  const isOutput = isBelow(files, path)
  return partOf(tree, (i) => isOutput(i) && files.absolutePathAt(i) === path)
}

/**
 * Returns a test of whether a file is at a real path or below it. Compares most by their directory.
 */
function isBelow(files: FileColumns, path: string): (i: number) => boolean {
  let last: string | null | undefined
  let [areBelow, areBeside] = [false, false]
  return (i) => {
    const { absolute } = files.directoryAt(i)
    if (absolute !== last) {
      last = absolute
      areBelow = absolute !== null && isWithin(absolute, path)
      areBeside = absolute !== null && path.lastIndexOf(sep) + 1 === absolute.length
    }
    return areBelow || (areBeside && files.absolutePathAt(i) === path)
  }
}

/** Leaves files out that are outputs. */
function partOf(tree: Tree, isOutput: (i: number) => boolean): Tree {
  const { files, skipped } = tree
  const left: Skipped[] = []
  const kept = files.filter((i) => {
    if (!isOutput(i)) return true
    left.push({ path: files.pathAt(i).join('/'), reason: 'the torrent itself' })
    return false
  })
  return left.length === 0 ? tree : { ...tree, files: kept, skipped: [...skipped, ...left] }
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
  const { files } = tree
  const isOutput = isBelow(files, output)
  const isLost = files.findIndex((i) => isOutput(i) && files.absolutePathAt(i) === output) >= 0
  const isOlderTorrent = () => valueOr(false, () => (requireTorrent(output), true))
  const isSafe = tree.isDirectory && (isTorrentName(output) || isOlderTorrent())
  if (isLost && !isSafe) {
    throw new BtkitError(
      'exists',
      `${output}: would be replaced by a torrent of itself; choose another output`,
    )
  }
  return partOf(tree, isOutput)
}

/**
 * Returns the content of a scanned tree's torrent.
 * @throws BtkitError `empty` if it has no bytes, `bad-name` for paths that its version does not
 *   allow
 */
export function contentOfTree(tree: Tree, rules: Omit<ContentRules, 'pieceLength'>): UncutContent {
  const { root, isDirectory, skipped } = tree
  const files = rules.order ? sortFiles(tree.files, rules.order) : tree.files
  const name = checkNameOnDisk(rules.name ?? basename(resolve(root)))
  const { version } = rules
  refusePaths(tree, name, version)
  const isAligned = rules.isAligned === true || version !== 'v1'
  if (files.findIndex((i) => files.sizeAt(i) > 0) < 0)
    throw new BtkitError('empty', `${root}: ${whyEmpty(tree)}`)
  const content = { version, name, isDirectory, files, skipped }
  return isAligned ? { ...content, isAligned } : content
}

/** Returns the piece length that suits content by its size without padding. */
export function suitedPieceLength({ files, isAligned }: UncutContent): PieceLength {
  return isAligned ? alignedPieceLength(withoutPads(files).sizes) : automaticPieceLength(files.size)
}

/** Returns the number of pieces of this length, without dividing the content. */
export function countPieces({ files, isAligned }: UncutContent, pieceLength: number): number {
  if (!isAligned) return Math.ceil(files.size / pieceLength)
  let count = 0
  for (const size of withoutPads(files).sizes) count += Math.ceil(size / pieceLength)
  return count
}

/**
 * Divides content into pieces of this length in bytes.
 * @throws BtkitError as alignFiles does
 */
export function cutIntoPieces(content: UncutContent, length: ContentRules['pieceLength']): Content {
  const { version, name, isDirectory, skipped, isAligned } = content
  const pieceLength = length === 'auto' ? suitedPieceLength(content) : length
  const files = isAligned ? alignFiles(withoutPads(content.files), pieceLength) : content.files
  const { size } = files
  const pieceCount = Math.ceil(size / pieceLength)
  // Lists all properties: there may be very many contents, and spreading takes several times as
  // long
  const cut = { version, name, isDirectory, files, skipped, size, pieceLength, pieceCount }
  return isAligned === undefined ? cut : { ...cut, isAligned }
}

/** Returns the bytes of content without padding. */
export function bytesOf({ files }: Pick<Content, 'files'>): number {
  return withoutPads(files).size
}

/** Returns the paths with a backslash in a name, including the content's own name. */
export function backslashedPaths({ name, isDirectory, files }: UncutContent): string[] {
  const isTold = (component: string) => component.includes('\\')
  if (!isDirectory) return [name].filter(isTold)
  const found = isTold(name) ? files : files.filter((i) => files.hasInPath(i, '\\'))
  return Array.from(found, ({ path }) => [name, ...path].join('/'))
}

function whyEmpty({ files, skipped }: Tree): string {
  if (files.length > 0) return 'is empty, and clients refuse such torrents'
  if (skipped.length > 0) return `no file left: skipped ${countSkipped(skipped) ?? ''}`
  return 'no files in it'
}

/**
 * Most path components in a file tree that clients accept: they limit nesting to 100 dictionaries.
 */
const MOST_COMPONENTS = 96

/**
 * Refuses paths that clients of a torrent's version cannot read. In v2 (BEP 52) a directory with
 * only one file of the same name cannot be distinguished from that single file.
 * @throws BtkitError `bad-name`
 */
export function refusePaths(
  { root, isDirectory, files }: Pick<Tree, 'root' | 'isDirectory' | 'files'>,
  name: string,
  version: MetainfoVersion,
): void {
  const isHidden = isDirectory && files.length === 1 && files.at(0)?.path.join('/') === name
  if (version === 'v2' && isHidden) {
    const why = `v2 can't tell a directory from its only file when both are called '${name}'`
    throw new BtkitError('bad-name', `${root}: ${why}; rename one of them, or use --hybrid`)
  }
  const isDeep = (i: number) => files.directoryAt(i).components.length >= MOST_COMPONENTS
  const at = version === 'v1' ? -1 : files.findIndex(isDeep)
  if (at < 0) return
  const why = `is more than ${MOST_COMPONENTS} directories deep, which clients of v2 do not read`
  throw new BtkitError('bad-name', `${files.absolutePathAt(at)}: ${why}`)
}

/** The content of a torrent of one file. */
export function singleContent({ file, version, pieceLength }: SingleFile): Content {
  const name = file.path.at(-1) ?? ''
  const parts = { version, name, isDirectory: false, files: FileColumns.of([file]), skipped: [] }
  return cutIntoPieces(version === 'v1' ? parts : { ...parts, isAligned: true }, pieceLength)
}
