import { basename } from 'node:path'
import { FileStore, PADDING, type FileDirectory } from './file-store.js'
import type { Fingerprint } from './fingerprint.js'
import type { FileState, ScannedFile } from './scanned-file.js'

/** The real paths of files in columns of their own. */
export interface FilePaths {
  /** Each with a separator at its end. Names in an empty one are whole paths. */
  readonly directories: readonly string[]
  /**
   * For each file the number of its directory; PADDING for padding and links, which are not read.
   */
  readonly directoryOf: Uint32Array
  /** All names, each ended by a NUL, and where that of each file begins. */
  readonly names: Uint8Array
  readonly nameAt: Uint32Array
}

/** So few files are kept as objects, too: they are asked for many times. */
const FEW = 4

/**
 * A list of files. Iterated, it makes an object of each file, which is for people, globs and few
 * files; the columns are for very many.
 */
export class FileColumns implements Iterable<ScannedFile> {
  readonly length: number
  #offsets: Float64Array | null = null

  /** `rows` are the numbers of the files in the store; null for all of them. */
  constructor(
    readonly store: FileStore,
    readonly rows: Uint32Array | null = null,
    private readonly few: ScannedFile[] = [],
  ) {
    this.length = rows ? rows.length : store.length
  }

  static of(files: Iterable<ScannedFile>): FileColumns {
    const store = new FileStore()
    const few: ScannedFile[] = []
    for (const file of files) {
      store.add(file)
      if (few.length < FEW) few.push(file)
    }
    return new FileColumns(store, null, few)
  }

  /** Returns a list of files whose paths in a torrent do not matter. */
  static ofStates(files: Iterable<FileState>): FileColumns {
    const store = new FileStore()
    for (const { absolutePath, fingerprint } of files) {
      store.add({ path: [basename(absolutePath)], absolutePath, fingerprint })
    }
    return new FileColumns(store)
  }

  /** Returns a file as an object; undefined behind the end. */
  at(i: number): ScannedFile | undefined {
    if (i >= this.length) return undefined
    if (this.length > FEW) return this.#make(i)
    return (this.few[i] ??= this.#make(i))
  }

  *[Symbol.iterator](): Generator<ScannedFile> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as ScannedFile
  }

  #make(i: number): ScannedFile {
    const file = {
      path: this.pathAt(i),
      absolutePath: this.absolutePathAt(i),
      fingerprint: this.fingerprintAt(i),
    }
    const attributes = this.attributesAt(i)
    const symlinkPath = this.symlinkAt(i)
    if (attributes === undefined) return file
    return symlinkPath ? { ...file, attributes, symlinkPath } : { ...file, attributes }
  }

  /** Returns the number of a file in the store. */
  rowAt(i: number): number {
    return this.rows ? (this.rows[i] ?? 0) : i
  }

  directoryAt(i: number): FileDirectory {
    const { directories, directoryOf, padding } = this.store
    return directories[directoryOf[this.rowAt(i)] ?? 0] ?? padding
  }

  absolutePathAt(i: number): string {
    const { absolute } = this.directoryAt(i)
    return absolute === null ? '' : absolute + this.store.realNames.textAt(this.rowAt(i))
  }

  pathAt(i: number): string[] {
    return this.directoryAt(i).components.concat(this.store.names.textAt(this.rowAt(i)))
  }

  fingerprintAt(i: number): Fingerprint {
    return this.store.states.read(this.rowAt(i))
  }

  /** Returns an encoded fingerprint in memory of its own. */
  encodedAt(i: number): Uint8Array {
    return this.store.states.encodedAt(this.rowAt(i))
  }

  sizeAt(i: number): number {
    return this.store.sizes[this.rows ? (this.rows[i] ?? 0) : i] ?? 0
  }

  latestAt(i: number, trust: 'full' | 'mtime'): number {
    return this.store.states.latestAt(this.rowAt(i), trust)
  }

  /** The real paths. */
  get paths(): FilePaths {
    const { directories, directoryOf, realNames, links } = this.store
    const { length, rows } = this
    const places = directories.map(({ absolute }) => absolute ?? '')
    const paths = {
      directories: places,
      directoryOf: directoryOf.subarray(0, length),
      names: realNames.used,
      nameAt: realNames.starts.subarray(0, length),
    }
    if (rows === null && !links) return paths
    const all = rows ?? Uint32Array.from({ length }, (_, i) => i)
    paths.directoryOf = all.map((row) => (links?.has(row) ? PADDING : (directoryOf[row] ?? 0)))
    paths.nameAt = all.map((row) => realNames.starts[row] ?? 0)
    return paths
  }

  attributesAt(i: number): string | undefined {
    return this.store.attributes[this.rowAt(i)]
  }

  symlinkAt(i: number): readonly string[] | undefined {
    return this.store.links?.get(this.rowAt(i))
  }

  /** Whether a file is padding, which is not on a disk. */
  isPad(i: number): boolean {
    return this.store.directoryOf[this.rows ? (this.rows[i] ?? 0) : i] === PADDING
  }

  /** Whether a file has bytes on a disk. Pad files and stored links have none. */
  isRead(i: number): boolean {
    return !this.isPad(i) && !this.store.links?.has(this.rowAt(i))
  }

  /** Returns the total bytes of all files. */
  get size(): number {
    let size = 0
    for (let i = 0; i < this.length; i++) size += this.sizeAt(i)
    return size
  }

  /** Where each file begins in a stream of all, and at the end its length, in bytes. */
  get offsets(): Float64Array {
    if (this.#offsets) return this.#offsets
    const offsets = new Float64Array(this.length + 1)
    let end = 0
    for (let i = 0; i < this.length; i++) offsets[i + 1] = end += this.sizeAt(i)
    this.#offsets = offsets
    return offsets
  }

  /** The bytes of each file. */
  get sizes(): Iterable<number> {
    const { length } = this
    const sizeAt = (i: number) => this.sizeAt(i)
    return {
      *[Symbol.iterator]() {
        for (let i = 0; i < length; i++) yield sizeAt(i)
      },
    }
  }

  /** Whether a path has an ASCII character. */
  hasInPath(i: number, character: string): boolean {
    const row = this.rowAt(i)
    const { names } = this.store
    for (let at = names.starts[row] ?? 0; at < names.endAt(row); at++) {
      if (names.bytes[at] === character.charCodeAt(0)) return true
    }
    return this.directoryAt(i).components.some((component) => component.includes(character))
  }

  /** Returns the number of the first file for which `test` holds; -1 without one. */
  findIndex(test: (i: number) => boolean): number {
    for (let i = 0; i < this.length; i++) if (test(i)) return i
    return -1
  }

  /** Returns the files for which `keep` holds; the same list if it holds for all. */
  filter(keep: (i: number) => boolean): FileColumns {
    let first = 0
    while (first < this.length && keep(first)) first++
    if (first === this.length) return this
    const rows = new Uint32Array(this.length)
    for (let i = 0; i < first; i++) rows[i] = this.rowAt(i)
    let count = first
    for (let i = first + 1; i < this.length; i++) if (keep(i)) rows[count++] = this.rowAt(i)
    return this.select(rows.slice(0, count))
  }

  /** Returns the files with these numbers in the store. */
  select(rows: Uint32Array): FileColumns {
    return new FileColumns(this.store, rows)
  }
}
