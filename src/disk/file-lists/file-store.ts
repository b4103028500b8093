import { sep } from 'node:path'
import { padFile, type ScannedFile } from './scanned-file.js'
import { FingerprintTable } from './fingerprint-table.js'
import { FINGERPRINT_LENGTH } from './fingerprint.js'
import { enlarged, NameColumn } from './name-column.js'

/** A directory of files. */
export interface FileDirectory {
  /** Components below the root. */
  readonly components: readonly string[]
  /**
   * The real path with a separator at its end, so that names can be appended; null for pad files.
   */
  readonly absolute: string | null
}

/**
 * In place of the number of a directory: the file is padding, all zeros, and on no disk (BEP 47).
 */
export const PADDING = 2 ** 32 - 1

/** Names and states of the entries of a directory, or of some of them. */
export interface ListedColumns {
  readonly names: NameColumn
  readonly table: FingerprintTable
}

/** Files of a first fill: most contents are single files. */
const ROOM = 1

/**
 * The files of one or several lists, in columns: what a million objects would need six times the
 * memory for. It grows at its end, and never changes otherwise.
 */
export class FileStore {
  length = 0
  readonly directories: FileDirectory[] = []
  /** The directory of pad files. */
  padding: FileDirectory = { components: [], absolute: null }
  /** The numbers of directories by their paths, unless there is only one. */
  #numbers: Map<string, number> | null = null
  directoryOf: Uint32Array = new Uint32Array(ROOM)
  /** In bytes, as the states have them: asked for so often that they are numbers, too. */
  sizes: Float64Array = new Float64Array(ROOM)
  /** The names in the torrent. */
  readonly names = new NameColumn()
  /** The names on the disk; the same column until they differ. */
  realNames = this.names
  readonly states = new FingerprintTable(new Uint8Array(ROOM * FINGERPRINT_LENGTH))
  /** Only of files that have any. */
  readonly attributes: (string | undefined)[] = []
  /** The targets of the files that are stored links; null if there are none. */
  links: Map<number, readonly string[]> | null = null
  #pads: Map<number, number> | null = null

  /** Adds a file, and returns its number. */
  add({ path, absolutePath, fingerprint, attributes, symlinkPath }: ScannedFile): number {
    const isPadding = absolutePath === ''
    const name = path.at(-1) ?? ''
    const cut = absolutePath.lastIndexOf(sep) + 1
    const realName = isPadding ? name : absolutePath.slice(cut)
    const components = path.slice(0, -1)
    const absolute = isPadding ? null : absolutePath.slice(0, cut)
    this.#reserve(1)
    const number = this.length++
    if (isPadding) this.padding = { components, absolute }
    this.directoryOf[number] = isPadding ? PADDING : this.#numberOf({ components, absolute })
    this.sizes[number] = fingerprint.size
    if (realName !== name && this.realNames === this.names) this.realNames = this.names.copy()
    this.names.add(name)
    if (this.realNames !== this.names) this.realNames.add(realName)
    this.states.set(number, fingerprint)
    if (attributes !== undefined) this.attributes[number] = attributes
    if (symlinkPath) (this.links ??= new Map()).set(number, symlinkPath)
    return number
  }

  /** Adds files of a directory, from number `from` to before `to`. */
  addListed(
    directory: FileDirectory,
    { names, table }: ListedColumns,
    [from, to]: readonly [number, number],
  ): void {
    const first = this.length
    this.#reserve(to - from)
    this.length += to - from
    this.directoryOf.fill(this.#numberOf(directory), first, this.length)
    this.names.append(names, from, to)
    if (this.realNames !== this.names) this.realNames.append(names, from, to)
    this.states.setAll(first, table, [from, to])
    // Of the other table, because an array that may grow in its place is slow to read
    for (let i = from; i < to; i++) this.sizes[first + i - from] = table.sizeAt(i)
  }

  /** Returns the number of the pad file of a size, which is shared: there may be very many. */
  padOf(size: number, path: (size: number) => readonly string[]): number {
    this.#pads ??= new Map()
    const number = this.#pads.get(size) ?? this.add(padFile(path(size), size))
    this.#pads.set(size, number)
    return number
  }

  /** Returns the number of a directory. */
  #numberOf(directory: FileDirectory): number {
    const last = this.directories.length - 1
    if (last < 0) return this.directories.push(directory) - 1
    if (isSame(this.directories[last], directory)) return last
    this.#numbers ??= new Map(this.directories.map((each, i) => [directoryKey(each), i]))
    const key = directoryKey(directory)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, last + 1)
    return this.directories.push(directory) - 1
  }

  #reserve(more: number): void {
    const wanted = this.length + more
    if (wanted > this.directoryOf.length) this.directoryOf = enlarged(this.directoryOf, wanted)
    if (wanted > this.sizes.length) this.sizes = enlarged(this.sizes, wanted)
    if (wanted * FINGERPRINT_LENGTH > this.states.bytes.length) this.states.reserve(wanted)
  }
}

function directoryKey({ components, absolute }: FileDirectory): string {
  return JSON.stringify([absolute, ...components])
}

function isSame(a: FileDirectory | undefined, b: FileDirectory): boolean {
  if (a === b) return true
  if (a?.absolute !== b.absolute || a.components.length !== b.components.length) return false
  return a.components.every((component, i) => component === b.components[i])
}
