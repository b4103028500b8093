import { decodeBencode } from '../bencode/decode.js'
import { END } from '../bencode/offsets.js'
import type { Span } from '../bencode/value.js'
import type { ListedFiles, MetainfoFile } from '../metainfo.js'
import { isPlainName } from '../name.js'
import { WarningList } from '../warning.js'
import { readFile } from './file-entry.js'
import { BY_BOTH, BY_COMPONENTS, EntryCursor, ordersOf } from './plain-entry.js'

/** A list of files that exists already. */
export function listOf(files: readonly MetainfoFile[]): ListedFiles {
  return new GivenFileList(files)
}

class GivenFileList implements ListedFiles {
  readonly count: number
  padCount = 0
  size = 0
  padSize = 0
  readonly isSorted = false
  readonly #files: readonly MetainfoFile[]

  constructor(files: readonly MetainfoFile[]) {
    this.#files = files
    this.count = files.length
    for (const { length, padding } of files) {
      this.size += length
      if (padding) this.padCount += 1
      if (padding) this.padSize += length
    }
  }

  [Symbol.iterator](): Iterator<MetainfoFile> {
    return this.#files[Symbol.iterator]()
  }
}

/**
 * The list `info.files` (BEP 3) of a torrent, as it is encoded. A million files are checked in 0.2
 * s without an object for any of them; each object would need 700 bytes. Iterating creates the
 * files one by one.
 *
 * Nearly all entries are plain, and are recognized by their bytes. All others are decoded and read
 * by the rules of readFile, with its errors and warnings.
 */
export class EncodedFileList implements ListedFiles {
  count = 0
  padCount = 0
  size = 0
  padSize = 0
  readonly #bytes: Uint8Array
  readonly #start: number
  #isPlain = true
  /** The orders in which each path is behind the one before it. */
  #orders = BY_BOTH

  /**
   * Checks the list at a position of checked bytes.
   * @throws BtkitError `metainfo` as readFile
   */
  constructor(bytes: Uint8Array, { start }: Span, warnings: WarningList) {
    this.#bytes = bytes
    this.#start = start + 1
    const entry = new EntryCursor(bytes, this.#start)
    let path = 0
    while (bytes[entry.at] !== END) {
      if (entry.isPlain) {
        this.size += entry.length
        if (path > 0) this.#orders &= ordersOf(bytes, path, entry.path)
        path = entry.path
      } else {
        this.#addOther(readFile(decodeBencode(bytes, entry.at), this.count, warnings))
      }
      this.count += 1
      entry.next()
    }
  }

  get isSorted(): boolean {
    return this.#isPlain && (this.#orders & BY_COMPONENTS) !== 0
  }

  /** Whether no path can be unsafe, or be listed twice. If false, the paths must be compared. */
  get isSafe(): boolean {
    return this.#isPlain && this.#orders !== 0
  }

  *[Symbol.iterator](): Iterator<MetainfoFile> {
    const ignored = new WarningList()
    const entry = new EntryCursor(this.#bytes, this.#start)
    for (let index = 0; index < this.count; index += 1) {
      yield entry.isPlain
        ? entry.toFile()
        : readFile(decodeBencode(this.#bytes, entry.at), index, ignored)
      entry.next()
    }
  }

  #addOther({ path, length, padding }: MetainfoFile): void {
    this.size += length
    if (padding) {
      this.padCount += 1
      this.padSize += length
    }
    // Pad files may share a path
    this.#isPlain &&= padding && path.every(isPlainName)
  }
}
