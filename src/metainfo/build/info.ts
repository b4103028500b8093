import {
  bencodeText,
  bytesOfText,
  dictText,
  encodeBencode,
  encodeDict,
  join,
} from '../bencode/encode.js'
import type { BencodeDict, BencodeValue } from '../bencode/value.js'
import { doAtOnce, each, type Steps } from '../../steps.js'
import type { MetainfoVersion, Metainfo, TreeFile } from '../metainfo.js'

const NOT_ASCII = /[^\0-\x7f]/

/** The content of `info`, from which the info hashes are computed. */
export interface InfoParts {
  readonly version: MetainfoVersion
  readonly name: string
  /**
   * Whether the files are in a directory called `name`. Otherwise there is one file of that name.
   */
  readonly isDirectory: boolean
  /** In stream order. In v2 and hybrids this is the byte order of the path components. */
  readonly files: Iterable<InfoFile>
  /** Bytes of a piece. */
  readonly pieceLength: number
  /** SHA-1 digests, 20 bytes each; null for v2. */
  readonly pieces: Uint8Array | null
  readonly private: boolean
  readonly source: string | null
  /** Additional keys. They do not replace the keys above. */
  readonly extraKeys?: BencodeDict | undefined
}

/**
 * Encodes the `info` of a torrent: v1 (BEP 3), v2 (BEP 52), or a hybrid of both. False and null
 * values get no key. Only the v1 file list contains pad files.
 */
export function buildInfo(parts: InfoParts): Uint8Array {
  return doAtOnce(buildInfoSteps(parts))
}

/** The same in steps. */
export function* buildInfoSteps(parts: InfoParts): Steps<Uint8Array> {
  const { version, name, isDirectory, files } = parts
  const info = new Map<string, Uint8Array>()
  const set = (key: string, value: BencodeValue) => info.set(key, encodeBencode(value))
  for (const [key, value] of parts.extraKeys ?? []) set(key, value)
  const [first] = files
  const isOneFile = version !== 'v2' && !isDirectory
  if (isOneFile && first?.attr) set('attr', Buffer.from(first.attr))
  if (version !== 'v1') {
    info.set('file tree', encodeFileTree(isDirectory ? files : [...files].map(asSingle(name))))
  }
  if (version !== 'v2' && isDirectory) info.set('files', yield* encodeFiles(files))
  if (isOneFile) set('length', first?.length ?? 0)
  if (version !== 'v1') set('meta version', 2)
  set('name', Buffer.from(name))
  set('piece length', parts.pieceLength)
  if (version !== 'v2') set('pieces', parts.pieces ?? new Uint8Array(0))
  if (parts.private) set('private', 1)
  if (parts.source !== null) set('source', Buffer.from(parts.source))
  return encodeDict(info)
}

/** Characters of a text that become bytes together. The text of a million files would be 500 MB. */
const PART = 64 * 1024

function* encodeFiles(files: Iterable<InfoFile>): Steps<Uint8Array> {
  const parts: Uint8Array[] = []
  let text = 'l'
  yield* each(files, (file) => {
    const path = `4:path${pathText(file.path)}`
    text += `d${attrText(file)}${lengthText(file)}${path}${targetText(file)}e`
    if (text.length < PART) return
    parts.push(bytesOfText(text))
    text = ''
  })
  parts.push(bytesOfText(`${text}e`))
  return parts.length === 1 && parts[0] ? parts[0] : join(parts)
}

// The entries of a file in bencode; an absent one is empty. Dictionaries would take three times as
// long, and there may be a million files.

function attrText({ attr }: InfoFile): string {
  return attr ? `4:attr${nameText(attr)}` : ''
}

function lengthText({ length }: InfoFile): string {
  return `6:length${bencodeText(length)}`
}

function targetText({ symlinkPath }: InfoFile): string {
  return symlinkPath ? `12:symlink path${pathText(symlinkPath)}` : ''
}

function pathText(path: readonly string[]): string {
  let text = 'l'
  for (const component of path) text += nameText(component)
  return `${text}e`
}

function nameText(name: string): string {
  const key = keyOf(name)
  return `${key.length}:${key}`
}

/** Moves a single file to the torrent's name, as a file tree requires. */
function asSingle(name: string): (file: InfoFile) => InfoFile {
  return (file) => ({ ...file, path: [name] })
}

/** A file of a torrent. */
export interface InfoFile {
  readonly path: readonly string[]
  /** Bytes of the file. */
  readonly length: number
  /**
   * The attribute letters of BEP 47, such as `p` for a pad file; absent or empty if there are none.
   */
  readonly attr?: string | undefined
  /** For a symbolic link (`l`), the path components of its target (BEP 47). */
  readonly symlinkPath?: readonly string[] | undefined
  /**
   * The root of the file's Merkle tree, 32 bytes. Null or absent if the file is empty or there is
   * no v2.
   */
  readonly piecesRoot?: Uint8Array | null
}

/** Whether a file is a pad file. */
function isPadFile({ attr }: InfoFile): boolean {
  return attr?.includes('p') ?? false
}

/**
 * The piece layers of all files longer than a piece, 32 bytes for each piece. The keys are the
 * files' roots as latin1 strings. Files with the same content share a layer.
 */
export type PieceLayers = ReadonlyMap<string, Uint8Array>

/** Encodes the `piece layers` of BEP 52, which are outside `info`. */
export function encodePieceLayers(layers: PieceLayers): Uint8Array {
  return encodeBencode(new Map(layers))
}

/** The entries of a directory by name. */
type Directory = Map<string, InfoFile | Directory>

/**
 * Encodes the `file tree` of BEP 52. It has a dictionary for each directory, by name. Below a file's
 * name, a dictionary holds its length, root and attributes under the empty key. Pad files are left
 * out, because in v2 each file begins a piece.
 */
function encodeFileTree(files: Iterable<InfoFile>): Uint8Array {
  const tree: Directory = new Map()
  for (const file of files) {
    if (isPadFile(file)) continue
    let directory = tree
    const last = file.path.length - 1
    for (let at = 0; at < last; at++) directory = openDirectory(directory, file.path[at] ?? '')
    directory.set(keyOf(file.path[last] ?? ''), file)
  }
  return bytesOfText(treeText(tree))
}

function openDirectory(above: Directory, name: string): Directory {
  const key = keyOf(name)
  const known = above.get(key)
  if (known instanceof Map) return known
  const directory: Directory = new Map()
  above.set(key, directory)
  return directory
}

function treeText(directory: Directory): string {
  return dictText(directory, (entry) => (entry instanceof Map ? treeText(entry) : leafText(entry)))
}

/**
 * Describes a file. A symbolic link has no length here, as in libtorrent; its target says
 * everything.
 */
function leafText(file: InfoFile): string {
  const length = file.symlinkPath ? '' : lengthText(file)
  const root = file.piecesRoot ? `11:pieces root${bencodeText(file.piecesRoot)}` : ''
  return `d0:d${attrText(file)}${length}${root}${targetText(file)}ee`
}

/** Converts a name to the latin1 string of its bytes; ASCII names need no conversion. */
function keyOf(name: string): string {
  return NOT_ASCII.test(name) ? Buffer.from(name).toString('latin1') : name
}

/**
 * Returns for each of `files` its entry in the v2 file tree; null for pad files, and for all files
 * of a v1 torrent. Both file lists of a hybrid have the same files in the same order.
 */
export function alignTree({ files, tree }: Pick<Metainfo, 'files' | 'tree'>): (TreeFile | null)[] {
  let next = 0
  return files.map(({ padding }) => {
    if (padding || tree === null) return null
    next += 1
    return tree[next - 1] ?? null
  })
}
