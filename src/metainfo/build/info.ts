import {
  encodingBencode,
  LazyList,
  type LazyParts,
  encodeBencode,
  LazyDict,
  sortedEntries,
} from '../bencode/encode.js'
import type { BencodeDict } from '../bencode/value.js'
import type { MetainfoVersion, Metainfo, TreeFile } from '../metainfo.js'

/** The empty key, under which what is said of a file stands; no name is empty. */
const LEAF = ''

const NOT_ASCII = /[^\0-\x7f]/

/** What goes into `info`, the part of a torrent that its info hashes stand for. */
export interface InfoParts {
  readonly version: MetainfoVersion
  readonly name: string
  /** Whether the files live in a directory called `name`; else there is one, of that name. */
  readonly isDirectory: boolean
  /** In stream order, which in v2 and hybrids is that of the bytes of their path components. */
  readonly files: readonly InfoFile[]
  /** In bytes. */
  readonly pieceLength: number
  /** SHA-1 digests, 20 bytes each; null for v2 alone. */
  readonly pieces: Uint8Array | null
  readonly private: boolean
  readonly source: string | null
  /** Any other keys; they do not replace those above. */
  readonly extraKeys?: BencodeDict | undefined
}

/**
 * Encodes the `info` of a torrent: v1 (BEP 3), v2 (BEP 52), or a hybrid, which says all in both
 * ways. There is no key for what is false or null. Pad files are in the v1 list alone.
 */
export function buildInfo(parts: InfoParts): Uint8Array {
  const building = encodingBencode(infoOf(parts))
  for (;;) {
    const { done, value } = building.next()
    if (done) return value
  }
}

/** The same in steps, so that others have their turn while many files are encoded. */
export function* buildingInfo(parts: InfoParts): Generator<undefined, Uint8Array> {
  return yield* encodingBencode(infoOf(parts))
}

/** The keys in byte order, but for those that were given: then they need not be sorted. */
function infoOf(parts: InfoParts): LazyParts {
  const { version, name, isDirectory, files } = parts
  const info: LazyParts = new Map(parts.extraKeys)
  const [first] = files
  const isOneFile = version !== 'v2' && !isDirectory
  if (isOneFile && first?.attr) info.set('attr', Buffer.from(first.attr))
  if (version !== 'v1') {
    info.set('file tree', buildFileTree(isDirectory ? files : files.map(asSingle(name))))
  }
  if (version !== 'v2' && isDirectory) info.set('files', new LazyList(fileEntries(files)))
  if (isOneFile) info.set('length', first?.length ?? 0)
  if (version !== 'v1') info.set('meta version', 2)
  info.set('name', Buffer.from(name))
  info.set('piece length', parts.pieceLength)
  if (version !== 'v2') info.set('pieces', parts.pieces ?? new Uint8Array(0))
  if (parts.private) info.set('private', 1)
  if (parts.source !== null) info.set('source', Buffer.from(parts.source))
  return info
}

function* fileEntries(files: readonly InfoFile[]): Generator<BencodeDict> {
  for (const file of files) yield fileEntry(file)
}

function fileEntry(file: InfoFile): BencodeDict {
  const entry: BencodeDict = new Map()
  if (file.attr) entry.set('attr', Buffer.from(file.attr))
  if (file.symlinkPath) entry.set('symlink path', encodePath(file.symlinkPath))
  return entry.set('length', file.length).set('path', encodePath(file.path))
}

/** In a file tree, a single file is called as the torrent is. */
function asSingle(name: string): (file: InfoFile) => InfoFile {
  return (file) => ({ ...file, path: [name] })
}

/** A file of a torrent. */
export interface InfoFile {
  readonly path: readonly string[]
  /** In bytes. */
  readonly length: number
  /** The BEP 47 attribute letters, `p` for a pad file among them; absent or empty for none. */
  readonly attr?: string | undefined
  /** Of a symbolic link (`l`), the components of what it leads to (BEP 47). */
  readonly symlinkPath?: readonly string[] | undefined
  /** The root of its Merkle tree, 32 bytes; null or absent where the file is empty or v2 is not. */
  readonly piecesRoot?: Uint8Array | null
}

/** Path components as they are encoded. */
function encodePath(path: readonly string[]): Uint8Array[] {
  return path.map((component) => Buffer.from(component))
}

/** Whether it is a pad file. */
function isPadFile({ attr }: InfoFile): boolean {
  return attr?.includes('p') ?? false
}

/**
 * The piece layers of files longer than a piece, 32 bytes a piece, by the roots of the files as
 * latin1 strings. Files of the same content share one.
 */
export type PieceLayers = ReadonlyMap<string, Uint8Array>

/** Encodes the `piece layers` of BEP 52, which stand beside `info`. */
export function encodePieceLayers(layers: PieceLayers): Uint8Array {
  return encodeBencode(new Map(layers))
}

/** What is in a directory, by the names as keys. */
type Directory = Map<string, InfoFile | Directory>

/**
 * The `file tree` of BEP 52: a dictionary for each directory, by the names in it, and below each
 * file's name one that holds its length, root and attributes under the empty key. There are no pad
 * files in it: in v2 each file begins a piece.
 */
function buildFileTree(files: readonly InfoFile[]): LazyDict {
  const tree: Directory = new Map()
  for (const file of files) {
    if (isPadFile(file)) continue
    let directory = tree
    const last = file.path.length - 1
    for (let at = 0; at < last; at++) directory = openDirectory(directory, file.path[at] ?? '')
    directory.set(keyOf(file.path[last] ?? ''), file)
  }
  return new LazyDict(entriesOf(tree))
}

function openDirectory(above: Directory, name: string): Directory {
  const key = keyOf(name)
  const known = above.get(key)
  if (known instanceof Map) return known
  const directory: Directory = new Map()
  above.set(key, directory)
  return directory
}

function* entriesOf(directory: Directory): Generator<[string, BencodeDict | LazyDict]> {
  for (const [key, entry] of sortedEntries(directory)) {
    const isDirectory = entry instanceof Map
    yield [key, isDirectory ? new LazyDict(entriesOf(entry)) : new Map([[LEAF, describe(entry)]])]
  }
}

/** A symbolic link has no length here, as libtorrent has it: where it leads says all. */
function describe({ attr, length, piecesRoot, symlinkPath }: InfoFile): BencodeDict {
  const leaf: BencodeDict = new Map()
  if (attr) leaf.set('attr', Buffer.from(attr))
  if (symlinkPath) leaf.set('symlink path', encodePath(symlinkPath))
  else leaf.set('length', length)
  if (piecesRoot) leaf.set('pieces root', piecesRoot)
  return leaf
}

/** Keys are the latin1 strings of their bytes; those of ASCII are the text. */
function keyOf(name: string): string {
  return NOT_ASCII.test(name) ? Buffer.from(name).toString('latin1') : name
}

/**
 * For each of `files` its place in the v2 file tree; null for pad files, and for all files of a v1
 * torrent. Both sides of a hybrid have the same files in the same order.
 */
export function alignTree({ files, tree }: Pick<Metainfo, 'files' | 'tree'>): (TreeFile | null)[] {
  let next = 0
  return files.map(({ padding }) => {
    if (padding || tree === null) return null
    next += 1
    return tree[next - 1] ?? null
  })
}
