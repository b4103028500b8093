import type { ListedColumns } from '../file-lists/file-store.js'
import { FINGERPRINT_LENGTH } from '../file-lists/fingerprint.js'
import { NameColumn } from '../file-lists/name-column.js'

// Without this file a run over a tree of 40,000 unchanged files would take twice as long: it would
// make texts of all names.

/** Bytes of a fingerprint without the device, whose number may change at each mount. */
export const FINGERPRINT = 32

/**
 * A row of an index: the number of the source's directory, the lengths of the entry's name and of
 * the input, the input, and the fingerprint.
 */
export const ROW = { directory: 0, entry: 4, input: 6, inputBytes: 8, fingerprint: 56, length: 88 }

/** The same, and fingerprints in listings, in words of four bytes. */
const WORD = 4
const WORDS = {
  row: ROW.length / WORD,
  lengths: ROW.entry / WORD,
  input: ROW.inputBytes / WORD,
  fingerprint: ROW.fingerprint / WORD,
  state: FINGERPRINT / WORD,
  listed: FINGERPRINT_LENGTH / WORD,
  inode: 24 / WORD,
}

/** A directory of files with ASCII names, and that of their torrents. */
export interface ComparedFiles {
  /** The path of the directory of torrents below the root, with a slash at its end; or empty. */
  readonly prefix: string
  /** The path of the directory of files, with a separator at its end. */
  readonly directory: string
  readonly sources: ListedColumns
  readonly torrents: ListedColumns
  /** Bytes of the trusted part of a fingerprint, with which the input of a torrent begins. */
  readonly trusted: number
  /** The rest of the input. */
  readonly options: Uint8Array
}

/** The end of the name of a torrent, in columns. */
const END = Buffer.from('.torrent\0')

/** The names and rows of an index, to which listings are compared without texts. */
export class IndexColumns {
  readonly #names: NameColumn
  readonly #rows: Int32Array
  readonly #directories: ReadonlyMap<string, number>
  /** The row after the last one that was found: torrents are in the order of their names. */
  #next = 0

  constructor(names: Buffer, rows: Uint8Array, directories: readonly string[]) {
    this.#names = NameColumn.of(names, rows.length / ROW.length)
    this.#rows = wordsOf(rows)
    this.#directories = new Map(directories.map((each, i) => [each, i]))
  }

  /**
   * Returns the number of the files of a directory, and their bytes, if nothing is to be done: each
   * has a torrent of its name, and all are as they were recorded. No other file may be beside the
   * torrents. Null if something is to be done, or if a closer look must tell.
   */
  unchangedAmong(files: ComparedFiles): { readonly count: number; readonly bytes: number } | null {
    const { sources, torrents } = files
    const directory = this.#directories.get(files.directory)
    if (directory === undefined) return null
    const prefix = Buffer.from(files.prefix)
    const options = wordsOf(files.options)
    const trusted = files.trusted / WORD
    const inputBytes = files.trusted + files.options.length
    const [rows, before, after] = [
      this.#rows,
      wordsOf(sources.table.bytes),
      wordsOf(torrents.table.bytes),
    ]
    let [count, next, bytes] = [0, 0, 0]
    for (let i = 0; i < sources.names.length; i++) {
      const from = i * WORDS.listed
      if (!isThere(before, from)) {
        if (sources.table.isDirectory(i)) continue
        return null
      }
      const torrent = torrentOf(torrents.names, sources.names, i, next)
      if (torrent < 0 || !isThere(after, torrent * WORDS.listed)) return null
      const row = rowOf(this.#names, prefix, [torrents.names, torrent], this.#next)
      if (row < 0) return null
      const at = row * WORDS.row
      const name = sources.names.endAt(i) - (sources.names.starts[i] ?? 0)
      const isSame =
        rows[at] === directory &&
        rows[at + WORDS.lengths] === (name | (inputBytes << 16)) &&
        isEqual(rows, at + WORDS.input, before, from, trusted) &&
        isEqual(rows, at + WORDS.input + trusted, options, 0, options.length) &&
        isEqual(rows, at + WORDS.fingerprint, after, torrent * WORDS.listed, WORDS.state)
      if (!isSame) return null
      bytes += sources.table.sizeAt(i)
      next = torrent + 1
      this.#next = row + 1
      count++
    }
    let others = torrents.names.length - count
    for (let i = 0; others > 0 && i < torrents.names.length; i++)
      if (torrents.table.isDirectory(i)) others--
    return others === 0 ? { count, bytes } : null
  }
}

/** Whether a listing has a file there: its inode is not 0. */
function isThere(words: Int32Array, at: number): boolean {
  return words[at + WORDS.inode] !== 0 || words[at + WORDS.inode + 1] !== 0
}

/** Words of bytes, which are copied if they begin elsewhere in their memory. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, length } = bytes
  if (byteOffset % WORD !== 0) return wordsOf(Uint8Array.from(bytes))
  return new Int32Array(buffer, byteOffset, Math.floor(length / WORD))
}

/** Whether two arrays have the same numbers. A few are compared fastest one by one. */
function isEqual(a: Int32Array, at: number, b: Int32Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[start + i]) return false
  return true
}

/** Returns the number of the torrent of a file in a listing; -1 without one. */
function torrentOf(torrents: NameColumn, files: NameColumn, i: number, guess: number): number {
  const start = files.starts[i] ?? 0
  const length = files.endAt(i) - start
  const at = torrents.starts[guess] ?? 0
  const isNext =
    guess < torrents.length &&
    (torrents.starts[guess + 1] ?? 0) - at === length + END.length &&
    isSameName(torrents.bytes, at, files.bytes, start, length) &&
    isSameName(torrents.bytes, at + length, END, 0, END.length)
  if (isNext) return guess
  return numberOf(torrents, Buffer.concat([files.bytes.subarray(start, start + length), END]))
}

/** Returns the number of a torrent's path among those of an index; -1 without one. */
function rowOf(
  paths: NameColumn,
  prefix: Buffer,
  [torrents, torrent]: readonly [NameColumn, number],
  guess: number,
): number {
  const start = torrents.starts[torrent] ?? 0
  const length = (torrents.starts[torrent + 1] ?? 0) - start
  const at = paths.starts[guess] ?? 0
  const isNext =
    guess < paths.length &&
    (paths.starts[guess + 1] ?? 0) - at === prefix.length + length &&
    isSameName(paths.bytes, at, prefix, 0, prefix.length) &&
    isSameName(paths.bytes, at + prefix.length, torrents.bytes, start, length)
  if (isNext) return guess
  return numberOf(paths, Buffer.concat([prefix, torrents.slice(torrent, torrent + 1)]))
}

/** Whether two names have the same bytes: isEqual is faster for one kind of array alone. */
function isSameName(
  a: Uint8Array,
  at: number,
  b: Uint8Array,
  start: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[start + i]) return false
  return true
}

/** Returns the number of a name, with its NUL, in a sorted column; -1 if it is not there. */
function numberOf({ bytes, starts, length }: NameColumn, name: Buffer): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = bytes.compare(name, 0, name.length, starts[middle], starts[middle + 1])
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle
  }
  return -1
}
