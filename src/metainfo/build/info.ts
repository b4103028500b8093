import { encodingBencode, LazyList, type LazyParts } from '../bencode/encode.js'
import type { BencodeDict } from '../bencode/value.js'
import type { MetainfoVersion } from '../metainfo.js'
import { buildFileTree } from './file-tree.js'
import { encodePath, type InfoFile } from './info-file.js'

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
