import { Buffer } from 'node:buffer'
import { bencodeText, encodeBencode, keyText, sortedEntries } from '../bencode/encode.js'
import type { BencodeDict, BencodeValue } from '../bencode/value.js'
import { ByteWriter } from '../bencode/writer.js'
import { doAtOnce, type Steps } from '../../base/steps.js'
import type { MetainfoVersion, Metainfo, TreeFile } from '../metainfo.js'
import {
  inTreeOrder,
  TreeWriter,
  writeFiles,
  type FileFacts,
  type InfoEntry,
} from './file-lists.js'

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

/** A file of a torrent. */
export interface InfoFile extends FileFacts {
  readonly path: readonly string[]
}

/**
 * Encodes the `info` of a torrent: v1 (BEP 3), v2 (BEP 52), or a hybrid of both. False and null
 * values get no key. Only the v1 file list contains pad files.
 */
export function buildInfo(parts: InfoParts): Uint8Array {
  const { files } = parts
  const listed = {
    *[Symbol.iterator]() {
      for (const { path, ...facts } of files) yield { ...facts, ...placeOf(path) }
    },
  }
  return doAtOnce(buildInfoSteps({ ...parts, files: listed }))
}

/** Returns a path as it is listed. */
function placeOf(path: readonly string[]): Omit<InfoEntry, keyof FileFacts> {
  const names = Buffer.from(path.at(-1) ?? '')
  return { directory: path.slice(0, -1), names, from: 0, to: names.length }
}

/** The same with files as they are listed. */
interface ListedParts extends Omit<InfoParts, 'files'> {
  readonly files: Iterable<InfoEntry>
  /** About how many bytes the file lists have. */
  readonly room?: number
}

/** Adds a long value, possibly in steps. */
type Write = (writer: ByteWriter) => Steps<void> | void

/** Encodes an `info` in steps. */
export function* buildInfoSteps(parts: ListedParts): Steps<Uint8Array> {
  const { version, name, isDirectory, files } = parts
  // Texts take less time and memory than a buffer of each small value
  const info = new Map<string, string | Write>()
  const set = (key: string, value: BencodeValue) => info.set(key, bencodeText(value))
  for (const [key, value] of parts.extraKeys ?? []) set(key, value)
  const [first] = files
  const isOneFile = version !== 'v2' && !isDirectory
  if (isOneFile && first?.attr) set('attr', Buffer.from(first.attr))
  if (version !== 'v1') {
    const ofTree = isDirectory
      ? files
      : Array.from(files, (file) => ({ ...file, ...placeOf([name]) }))
    info.set('file tree', (writer) => {
      const start = writer.length
      if (new TreeWriter(writer).write(ofTree)) return
      writer.length = start
      new TreeWriter(writer).write(inTreeOrder(ofTree))
    })
  }
  if (version !== 'v2' && isDirectory) info.set('files', (writer) => writeFiles(files, writer))
  if (isOneFile) set('length', first?.length ?? 0)
  if (version !== 'v1') set('meta version', 2)
  set('name', Buffer.from(name))
  set('piece length', parts.pieceLength)
  if (version !== 'v2') {
    info.set('pieces', (writer) => {
      writer.string(parts.pieces ?? new Uint8Array(0))
    })
  }
  if (parts.private) set('private', 1)
  if (parts.source !== null) set('source', Buffer.from(parts.source))
  const writer = new ByteWriter(USUAL + (parts.room ?? 0) + (parts.pieces?.length ?? 0))
  writer.text('d')
  for (const [key, value] of sortedEntries(info)) {
    writer.text(keyText(key))
    if (typeof value === 'string') writer.text(value)
    else yield* value(writer) ?? []
  }
  writer.text('e')
  return writer.finish()
}

/** Bytes of the values beside file lists and pieces, if these are not long. */
const USUAL = 200

/**
 * The piece layers of all files longer than a piece, 32 bytes for each piece. The keys are the
 * files' roots as latin1 strings. Files with the same content share a layer.
 */
export type PieceLayers = ReadonlyMap<string, Uint8Array>

/** Encodes the `piece layers` of BEP 52, which are outside `info`. */
export function encodePieceLayers(layers: PieceLayers): Uint8Array {
  return encodeBencode(new Map(layers))
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
