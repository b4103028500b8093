import { Buffer } from 'node:buffer'
import { latin1 } from '../../base/bytes.js'
import { each, type Steps } from '../../base/steps.js'
import { sortedEntries } from '../bencode/encode.js'
import { dictKey } from '../bencode/value.js'
import type { ByteSink } from '../bencode/writer.js'

// The file lists of v1 and v2. Dictionaries of bencode would take many times as long, and there may
// be a million files.

/** The entries of a file in a list, except its path. */
export interface FileFacts {
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

/** A file to list. It may be another file after the next step. */
export interface InfoEntry extends FileFacts {
  /** The components of its directory; one array for all files of a directory is faster. */
  readonly directory: readonly string[]
  /** The bytes of its name are a range of these. */
  readonly names: Uint8Array
  readonly from: number
  readonly to: number
}

/** Whether a file is a pad file. */
function isPadFile({ attr }: FileFacts): boolean {
  return attr?.includes('p') ?? false
}

/** Writes the `files` of BEP 3. */
export function* writeFiles(files: Iterable<InfoEntry>, writer: ByteSink): Steps<void> {
  let directory: readonly string[] | null = null
  let above: Uint8Array = new Uint8Array(0)
  writer.text('l')
  yield* each(files, (file) => {
    if (file.directory !== directory) {
      directory = file.directory
      above = Buffer.from(directory.map(nameText).join(''), 'latin1')
    }
    writer.text('d')
    writeAttr(file, writer)
    writeLength(file, writer)
    writer.text('4:pathl')
    writer.bytes(above)
    writer.string(file.names, file.from, file.to)
    writer.text('e')
    writeTarget(file, writer)
    writer.text('e')
  })
  writer.text('e')
}

function writeAttr({ attr }: FileFacts, writer: ByteSink): void {
  if (attr) writer.text(`4:attr${nameText(attr)}`)
}

function writeLength({ length }: FileFacts, writer: ByteSink): void {
  writer.text('6:length')
  writer.integer(length)
}

function writeTarget({ symlinkPath }: FileFacts, writer: ByteSink): void {
  if (symlinkPath) writer.text(`12:symlink pathl${symlinkPath.map(nameText).join('')}e`)
}

function nameText(name: string): string {
  const key = dictKey(name)
  return `${key.length}:${key}`
}

/**
 * Writes the `file tree` of BEP 52. It has a dictionary for each directory, by name. Below a file's
 * name, a dictionary holds its length, root and attributes under the empty key. Pad files are left
 * out, because in v2 each file begins a piece.
 */
export class TreeWriter {
  /** The open directories, and the last name in the root and in each of them. */
  readonly #open: string[] = []
  readonly #last: (Name | null)[] = [null]
  #directory: readonly string[] | null = null
  #keys: readonly string[] = []

  constructor(private readonly writer: ByteSink) {}

  /** Writes all files; false if they are not in the order of a tree. */
  write(files: Iterable<InfoEntry>): boolean {
    this.writer.text('d')
    for (const file of files) if (!isPadFile(file) && !this.#add(file)) return false
    this.#close(0)
    this.writer.text('e')
    return true
  }

  #add(file: InfoEntry): boolean {
    const { writer } = this
    if (file.directory !== this.#directory && !this.#enter(file.directory)) return false
    const { names, from, to } = file
    if (!this.#begin({ names, from, to })) return false
    writer.text('0:d')
    writeAttr(file, writer)
    // A link has no length here, as in libtorrent; its target says everything
    if (!file.symlinkPath) writeLength(file, writer)
    if (file.piecesRoot) {
      writer.text('11:pieces root')
      writer.string(file.piecesRoot)
    }
    writeTarget(file, writer)
    writer.text('ee')
    return true
  }

  #enter(directory: readonly string[]): boolean {
    if (directory !== this.#directory) this.#keys = directory.map(dictKey)
    this.#directory = directory
    const keys = this.#keys
    let depth = 0
    while (depth < keys.length && this.#open[depth] === keys[depth]) depth++
    this.#close(depth)
    for (const key of keys.slice(depth)) {
      const names = Buffer.from(key, 'latin1')
      if (!this.#begin({ names, from: 0, to: names.length })) return false
      this.#open.push(key)
      this.#last.push(null)
    }
    return true
  }

  /** Begins the dictionary of a name; false if it is not behind the last one. */
  #begin(name: Name): boolean {
    const depth = this.#open.length
    const last = this.#last[depth] ?? null
    if (last !== null && !isBehind(name, last)) return false
    this.#last[depth] = name
    this.writer.string(name.names, name.from, name.to)
    this.writer.text('d')
    return true
  }

  #close(depth: number): void {
    while (this.#open.length > depth) {
      this.#open.pop()
      this.#last.pop()
      this.writer.text('e')
    }
  }
}

/** A name as bytes of a column. */
type Name = Pick<InfoEntry, 'names' | 'from' | 'to'>

function isBehind(name: Name, last: Name): boolean {
  const length = Math.min(name.to - name.from, last.to - last.from)
  for (let i = 0; i < length; i++) {
    const [own, other] = [name.names[name.from + i] ?? 0, last.names[last.from + i] ?? 0]
    if (own !== other) return own > other
  }
  return name.to - name.from > last.to - last.from
}

/** The entries of a directory by name. */
type Directory = Map<string, InfoEntry | Directory>

/** Returns files in the order of a tree, each name once: the last file of a name counts. */
export function inTreeOrder(files: Iterable<InfoEntry>): InfoEntry[] {
  const tree: Directory = new Map()
  for (const file of files) {
    if (isPadFile(file)) continue
    let directory = tree
    for (const name of file.directory) directory = openDirectory(directory, dictKey(name))
    directory.set(latin1(file.names.subarray(file.from, file.to)), { ...file })
  }
  return [...filesBelow(tree)]
}

function openDirectory(above: Directory, key: string): Directory {
  const known = above.get(key)
  if (known instanceof Map) return known
  const directory: Directory = new Map()
  above.set(key, directory)
  return directory
}

function* filesBelow(directory: Directory): Generator<InfoEntry> {
  for (const [, entry] of sortedEntries(directory)) {
    if (entry instanceof Map) yield* filesBelow(entry)
    else yield entry
  }
}
