import { digestOf, isSameBytes } from '../../base/bytes.js'
import { NumberedNames } from '../../base/text/numbered-names.js'
import { attempt, readIfThere, replace } from './files.js'
import { SHA256 } from '../../metainfo/sizes.js'

// Without the index, a run over 100,000 unchanged entries takes twice as long, and 154 MiB in place of 103.

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

/** Bytes of a fingerprint without the device, whose number may change at each mount. */
export const FINGERPRINT = 32

/** The largest index, in bytes: some millions of torrents. */
const MAX_SIZE = 2 ** 30

const VERSION = 1
const NEWLINE = 0x0a
/**
 * A row: numbers of the source's directory and of the input's end, the lengths of the entry's name
 * and of the input, the rest of the input, and the fingerprint.
 */
const ROW = { directory: 0, end: 2, entry: 4, input: 6, inputBytes: 8, fingerprint: 40, length: 72 }
const INPUT = ROW.fingerprint - ROW.inputBytes
/** Bytes at the end of an input that most torrents share: the digest of the options. */
const END = 16
const MAX_NUMBER = 2 ** 16
/** Digits of a byte in hexadecimal. */
const HEX = 2

/** The first line of an index. */
interface Head {
  readonly version: number
  /** The state of the journal that the index was made of. */
  readonly stamp: string
  /** The directories of sources, each with its separator. */
  readonly directories: readonly string[]
  /** The ends of inputs, in hexadecimal. */
  readonly ends: readonly string[]
  /** Bytes of all names. */
  readonly names: number
}

/**
 * The identities of a directory's torrents, in a file that is read in one piece. Without it each
 * run over 100,000 unchanged entries would read and parse 45 MB of the journal. It counts only for
 * the journal that it was made of, and may be lost at any time.
 */
export class TorrentIndex {
  readonly #names: NamesInOrder
  readonly #rows: Buffer
  readonly #directories: readonly string[]
  readonly #ends: readonly Buffer[]

  private constructor(
    /** The state of its journal. */
    readonly stamp: string,
    head: Head,
    names: string,
    rows: Buffer,
  ) {
    this.#names = new NamesInOrder(names)
    this.#rows = rows
    this.#directories = head.directories
    this.#ends = head.ends.map((end) => Buffer.from(end, 'hex'))
  }

  /** Returns the index at a path; null if it is missing, damaged, or of another journal. */
  static read(path: string, stamp: string): TorrentIndex | null {
    return attempt(() => {
      const bytes = readIfThere(path, MAX_SIZE)
      const content = bytes?.subarray(SHA256)
      if (!bytes || !content) return null
      const headEnd = content.indexOf(NEWLINE)
      if (!isSameBytes(bytes.subarray(0, SHA256), digestOf('sha256', content))) return null
      const head = JSON.parse(content.toString('utf8', 0, headEnd)) as Head
      if (head.version !== VERSION || head.stamp !== stamp) return null
      const rowsAt = headEnd + 1 + head.names
      const names = content.toString('utf8', headEnd + 1, rowsAt)
      return new TorrentIndex(stamp, head, names, content.subarray(rowsAt))
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
    const directory = this.#directories[numberAt(this.#rows, at + ROW.directory)] ?? ''
    return directory + name.slice(0, numberAt(this.#rows, at + ROW.entry))
  }

  /** Whether a torrent has this identity. Fastest if torrents are asked for in their order. */
  matches(name: string, { source, input, fingerprint }: TorrentIdentity): boolean {
    const number = this.#names.numberOf(name)
    if (number === undefined || fingerprint.length < FINGERPRINT) return false
    const rows = this.#rows
    const at = number * ROW.length
    const length = input.length - END
    return (
      length > 0 &&
      length === numberAt(rows, at + ROW.input) &&
      isAt([rows, at + ROW.inputBytes], input, length) &&
      isAt([rows, at + ROW.fingerprint], fingerprint, FINGERPRINT) &&
      this.#hasEnd(input, at) &&
      this.#isSource(source, name, at)
    )
  }

  #hasEnd(input: Uint8Array, at: number): boolean {
    const end = this.#ends[numberAt(this.#rows, at + ROW.end)]
    return end !== undefined && isAt([input, input.length - END], end, END)
  }

  #isSource({ directory, name: entry }: SourcePath, name: string, at: number): boolean {
    return (
      directory === this.#directories[numberAt(this.#rows, at + ROW.directory)] &&
      entry.length === numberAt(this.#rows, at + ROW.entry) &&
      name.startsWith(entry)
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

function numberAt(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
}

/** Compares a few bytes; Buffer.compare would take longer. */
function isAt([bytes, at]: [Uint8Array, number], expected: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== expected[i]) return false
  return true
}

/** A torrent's identity as the journal has it: digests and fingerprints in hexadecimal. */
export interface IdentityText {
  readonly source: SourcePath
  readonly input: string
  readonly fingerprint: string
}

/** The identities of all torrents by file name, and their number. */
export interface Identities extends Iterable<readonly [string, IdentityText]> {
  readonly size: number
}

/**
 * Writes an index if possible. An entry that the index cannot describe makes it useless, so it is
 * then removed.
 */
export function writeIndex(path: string, stamp: string, identities: Identities): void {
  attempt(() => {
    replace(path, encodeIndex(stamp, identities))
  })
}

function encodeIndex(stamp: string, identities: Identities): Buffer | null {
  const [directories, ends] = [new Numbering(), new Numbering()]
  const names: string[] = []
  const rows = Buffer.alloc(identities.size * ROW.length)
  for (const [name, { source, input, fingerprint }] of identities) {
    const at = names.length * ROW.length
    // A torrent whose writing never ended, or whose input is unreliable, matches nothing
    const isWhole = fingerprint.length >= HEX * FINGERPRINT && input.length > HEX * END
    const length = isWhole ? input.length / HEX - END : 0
    const isFileName = name.length < MAX_NUMBER && !name.includes('\0')
    if (!isFileName || !name.startsWith(source.name) || length > INPUT) return null
    names.push(name)
    rows.writeUInt16LE(directories.numberOf(source.directory), at + ROW.directory)
    rows.writeUInt16LE(source.name.length, at + ROW.entry)
    if (!isWhole) continue
    rows.writeUInt16LE(ends.numberOf(input.slice(HEX * length)), at + ROW.end)
    rows.writeUInt16LE(length, at + ROW.input)
    rows.write(input, at + ROW.inputBytes, length, 'hex')
    rows.write(fingerprint, at + ROW.fingerprint, FINGERPRINT, 'hex')
  }
  if (Math.max(directories.all.length, ends.all.length) > MAX_NUMBER) return null
  const nameBytes = Buffer.from(names.map((name) => `${name}\0`).join(''))
  const texts = { directories: directories.all, ends: ends.all }
  const head: Head = { version: VERSION, stamp, ...texts, names: nameBytes.length }
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), nameBytes, rows])
  return Buffer.concat([digestOf('sha256', content), content])
}

/** Numbers texts in the order of their first use. */
class Numbering {
  readonly all: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.all.length)
    // Too many of them are no index
    return Math.min(this.all.push(text), MAX_NUMBER) - 1
  }
}
