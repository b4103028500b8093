import { checkBencode, DEFAULT_MAX_DEPTH } from '../../src/metainfo/bencode/check.js'
import { EncodedDict } from '../../src/metainfo/bencode/encoded-dict.js'
import { readFileSync } from 'node:fs'
import { encodeBencode } from '../../src/metainfo/bencode/encode.js'
import { readBencode } from '../../src/metainfo/bencode/read.js'
import type { BencodeDict, BencodeValue } from '../../src/metainfo/bencode/value.js'

/** The tracker of torrents of which it does not matter. No request reaches it. */
export const TRACKER = 'http://t.example/announce'

/** A bencode value as tests like to write it. Text is UTF-8; an undefined entry is left out. */
export type Plain = number | bigint | string | Uint8Array | Plain[] | PlainDict
export interface PlainDict {
  readonly [key: string]: Plain | undefined
}

export function bencodable(plain: Plain): BencodeValue {
  if (typeof plain === 'string') return Buffer.from(plain)
  if (typeof plain !== 'object' || plain instanceof Uint8Array) return plain
  return Array.isArray(plain) ? plain.map(bencodable) : bencodableDict(plain)
}

export function bencodableDict(plain: PlainDict): BencodeDict {
  const dict: BencodeDict = new Map()
  for (const [key, value] of Object.entries(plain)) {
    if (value !== undefined) dict.set(Buffer.from(key).toString('latin1'), bencodable(value))
  }
  return dict
}

/** The same, encoded with its keys in order. */
export function encodedDict(plain: PlainDict): EncodedDict {
  const bytes = encodeBencode(bencodableDict(plain))
  const { spans } = checkBencode(bytes, { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH })
  return new EncodedDict(bytes, spans)
}

/** Enough digests, of no meaning, for `length` bytes in pieces of 16 KiB. */
export function digestsFor(length: number): Uint8Array {
  return new Uint8Array(Math.ceil(length / 16384) * 20).fill(7)
}

/** The `info` of a file of five bytes, with changes. */
export function singleFileInfo(changes: PlainDict = {}): PlainDict {
  const info = { length: 5, name: 'a.txt', 'piece length': 16384, pieces: digestsFor(5) }
  return { ...info, ...changes }
}

/** A file of a directory, as `info.files` has it. */
export interface ListedFile extends PlainDict {
  readonly length: number
  readonly path: string[]
}

/** The `info` of a directory called `dir`, with changes. */
export function directoryInfo(files: ListedFile[], changes: PlainDict = {}): PlainDict {
  const pieces = digestsFor(files.reduce((sum, { length }) => sum + length, 0))
  return { files, name: 'dir', 'piece length': 16384, pieces, ...changes }
}

/** The bytes of a .torrent. */
export function torrentOf(info: Plain, beside: PlainDict = {}): Uint8Array {
  return encodeBencode(bencodable({ info, ...beside }))
}

/** A .torrent that another program made: see test/golden/README.md. */
export function goldenTorrent(name: string): Uint8Array {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url))
}

/** A golden torrent after an edit of its top-level dictionary or its `info`. */
export function editedGolden(
  name: string,
  edit: (top: BencodeDict, info: BencodeDict) => void,
): Uint8Array {
  const limits = { maxSize: 1024 * 1024, maxDepth: 100 }
  const top = readBencode(goldenTorrent(name), limits).value as BencodeDict
  edit(top, top.get('info') as BencodeDict)
  return encodeBencode(top)
}
