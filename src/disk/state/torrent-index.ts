import { digestOf, isSameBytes } from '../../base/bytes.js'
import { NumberedNames } from '../../base/text/numbered-names.js'
import { sortByBytes } from '../look/read-names.js'
import { attempt, readState, replace } from './files.js'
import { FINGERPRINT, IndexColumns, ROW } from './index-columns.js'
import type { Journal } from './journal.js'
import { SHA256 } from '../../metainfo/sizes.js'

// Without the index, a run over 100,000 unchanged entries takes 1.7 times as long.

/** The real path of a torrent's content. */
export interface SourcePath {
  /** Its directory, with a separator at the end. */
  readonly directory: string
  readonly name: string
}

/** Identifies a torrent and its inputs. */
export interface TorrentIdentity {
  readonly source: SourcePath
  /** Digest of everything that the torrent depends on; opaque. Empty if it is unreliable. */
  readonly input: Uint8Array
  /** The encoded fingerprint of the torrent after it was written. Empty before that. */
  readonly fingerprint: Uint8Array
}

/** The largest index, in bytes: some millions of torrents. */
const MAX_SIZE = 2 ** 30

const VERSION = 3
const NEWLINE = 0x0a
const INPUT = ROW.fingerprint - ROW.inputBytes
const MAX_NUMBER = 2 ** 16
/**
 * Room for the head in bytes, of each torrent and of all: it names the directories of sources. One
 * without enough makes no index.
 */
const HEAD_ROOM = { each: 32, all: 2 ** 20 }
/** Digits of a byte in hexadecimal. */
const HEX = 2

/** The last line of an index, after names and rows. */
interface Head {
  readonly version: number
  /** The state of the journal that the index was made of. */
  readonly stamp: string
  /** The directories of sources, each with its separator. */
  readonly directories: readonly string[]
  /** Bytes of all names. */
  readonly names: number
}

/**
 * The identities of a directory's torrents, in a file that is read in one piece. Without it each
 * run over 100,000 unchanged entries would read and parse 45 MB of the journal. It counts only for
 * the journal that it was made of, and may be lost at any time.
 */
export class TorrentIndex {
  readonly #bytes: Buffer
  readonly #rows: Buffer
  readonly #directories: readonly string[]
  #texts: NamesInOrder | undefined
  #columns: IndexColumns | undefined

  private constructor(head: Head, names: Buffer, rows: Buffer) {
    this.#bytes = names
    this.#rows = rows
    this.#directories = head.directories
  }

  get #names(): NamesInOrder {
    return (this.#texts ??= new NamesInOrder(this.#bytes.toString()))
  }

  /** Returns the index at a path; null if it is missing, damaged, or of another journal. */
  static read(path: string, stamp: string): TorrentIndex | null {
    return attempt(() => {
      const bytes = readState(path, MAX_SIZE)
      const content = bytes?.subarray(SHA256)
      if (!bytes || !content) return null
      if (!isSameBytes(bytes.subarray(0, SHA256), digestOf('sha256', content))) return null
      const end = content.lastIndexOf(NEWLINE)
      const head = JSON.parse(content.toString('utf8', end + 1)) as Head
      if (head.version !== VERSION || head.stamp !== stamp) return null
      const names = content.subarray(0, head.names)
      return new TorrentIndex(head, names, content.subarray(head.names, end))
    })
  }

  has(name: string): boolean {
    return this.#names.numberOf(name) !== undefined
  }

  /** The real path of a torrent's content; null without a record. */
  sourceOf(name: string): string | null {
    const number = this.#names.numberOf(name)
    if (number === undefined) return null
    const at = number * ROW.length
    const directory = this.#directories[this.#rows.readUInt32LE(at + ROW.directory)] ?? ''
    const start = name.lastIndexOf('/') + 1
    return directory + name.slice(start, start + this.#rows.readUInt16LE(at + ROW.entry))
  }

  /** Whether a torrent has this identity. Fastest if torrents are asked for in their order. */
  matches(name: string, { source, input, fingerprint }: TorrentIdentity): boolean {
    const number = this.#names.numberOf(name)
    if (number === undefined || fingerprint.length < FINGERPRINT) return false
    const rows = this.#rows
    const at = number * ROW.length
    return (
      input.length > 0 &&
      input.length === rows.readUInt16LE(at + ROW.input) &&
      isAt([rows, at + ROW.inputBytes], input, input.length) &&
      isAt([rows, at + ROW.fingerprint], fingerprint, FINGERPRINT) &&
      this.#isSource(source, name, at)
    )
  }

  /** The same as columns. */
  get columns(): IndexColumns {
    return (this.#columns ??= new IndexColumns(this.#bytes, this.#rows, this.#directories))
  }

  #isSource({ directory, name: entry }: SourcePath, name: string, at: number): boolean {
    return (
      directory === this.#directories[this.#rows.readUInt32LE(at + ROW.directory)] &&
      entry.length === this.#rows.readUInt16LE(at + ROW.entry) &&
      name.startsWith(entry, name.lastIndexOf('/') + 1)
    )
  }
}

/** Names that are each ended by a NUL. While they are asked for in order, they stay one text. */
class NamesInOrder {
  #at = 0
  #number = 0
  #others: NumberedNames | undefined

  constructor(private readonly text: string) {}

  numberOf(name: string): number | undefined {
    const end = this.#at + name.length
    const isNext = this.text.charCodeAt(end) === 0 && this.text.startsWith(name, this.#at)
    if (!isNext || this.#others) {
      this.#others ??= new NumberedNames(this.text.split('\0').slice(0, -1))
      return this.#others.numberOf(name)
    }
    this.#at = end + 1
    return this.#number++
  }
}

/** Compares a few bytes; Buffer.compare would take longer. */
function isAt([bytes, at]: [Uint8Array, number], expected: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false
  return true
}

/**
 * Writes an index if possible. An entry that the index cannot describe makes it useless, so it is
 * then removed.
 */
export function writeIndex(path: string, stamp: string, journal: Journal): void {
  attempt(() => {
    replace(path, encodeIndex(stamp, journal))
  })
}

/** In one room for all, because a copy would be as large again. */
function encodeIndex(stamp: string, journal: Journal): Buffer | null {
  const directories = new Map<string, number>()
  let names = 0
  for (const name of journal.keys()) names += Buffer.byteLength(name) + 1
  const end = SHA256 + names + journal.size * ROW.length
  const room = Buffer.alloc(end + HEAD_ROOM.all + journal.size * HEAD_ROOM.each)
  let [nameAt, at] = [SHA256, SHA256 + names]
  for (const name of sortByBytes([...journal.keys()])) {
    const { source, input, fingerprint } = identityIn(journal.get(name) ?? '')
    const path = source.lastIndexOf('/') + 1
    const isFileName = name.length < MAX_NUMBER && !name.includes('\0')
    const isKnown = isFileName && name.startsWith(source.slice(path), name.lastIndexOf('/') + 1)
    if (!isKnown || input.length > HEX * INPUT) return null
    nameAt += room.write(name, nameAt) + 1
    const row = room.subarray(at, (at += ROW.length))
    const directory = source.slice(0, path)
    const number = directories.get(directory) ?? directories.size
    directories.set(directory, number)
    row.writeUInt32LE(number, ROW.directory)
    row.writeUInt16LE(source.length - path, ROW.entry)
    // A torrent whose writing never ended, or whose input is unreliable, matches nothing
    if (fingerprint.length < HEX * FINGERPRINT) continue
    row.writeUInt16LE(input.length / HEX, ROW.input)
    row.write(input, ROW.inputBytes, 'hex')
    row.write(fingerprint, ROW.fingerprint, FINGERPRINT, 'hex')
  }
  const head: Head = { version: VERSION, stamp, directories: [...directories.keys()], names }
  const tail = `\n${JSON.stringify(head)}`
  if (end + Buffer.byteLength(tail) > room.length) return null
  const bytes = room.subarray(0, end + room.write(tail, end))
  bytes.set(digestOf('sha256', bytes.subarray(SHA256)))
  return bytes
}

/** Returns the identity in a record, which comes first, without parsing the rest. */
function identityIn(json: string): Readonly<Record<keyof TorrentIdentity, string>> {
  const end = json.indexOf(END_OF_IDENTITY)
  return JSON.parse(`${json.slice(0, end)}}`) as ReturnType<typeof identityIn>
}

/** No path contains it unescaped. */
const END_OF_IDENTITY = ',"written":'
