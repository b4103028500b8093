import { setImmediate } from 'node:timers/promises'
import { isPlainName } from '../../metainfo/name.js'
import type { Pause } from '../../page-parts/slices.js'
import { type Mirror, MirrorView } from '../tree/mirror.js'
import { enlarged, NameColumn } from '../../disk/file-lists/name-column.js'
import { walkMirror } from '../tree/walk.js'

/** Most names that are kept; each takes some 60 bytes. */
const MOST_NAMES = 2_000_000

/** Entries of a walk between two turns of the event loop. */
const ENTRIES_A_STRETCH = 500

/** Bytes of names that are searched in one turn: some milliseconds. */
const SLICE = 4 * 1024 * 1024

/** Matches, or directories whose paths are compared, between two turns. */
const STEPS_A_STRETCH = 1000

/** Stands for a place where other work may have its turn. */
const PAUSE = -1

/** Names with a word that are counted to find the rarest word. */
const MOST_COUNTED = 20_000

/** An entry of the mirror whose path has all words of a search. */
export interface FoundName {
  /** Its components below the root. */
  readonly path: readonly string[]
  readonly isDirectory: boolean
}

/** The names of all files and directories of a mirror, at one time. */
export class NameIndex {
  /** The path of each directory with a slash behind each name; the root is empty. */
  readonly #directories: string[] = ['']
  /** The names in lower case. */
  readonly #lower = new NameColumn()
  /** The number of the directory of each entry. */
  #directoryOf: Uint32Array = new Uint32Array(1024)
  /** Whether each entry is a directory. */
  readonly #isDirectory = new Set<number>()
  /** The names that the lower case does not show. */
  readonly #names = new Map<number, string>()

  /** Whether there are more names than are kept, so that nothing is found. */
  isTooLarge = false

  /** Whether names are still being read, so that more may be found. */
  isReading = true

  /**
   * Reads all names below the root that listings show, and yields to other work; those read so far
   * can be searched meanwhile. Returns the index, or one without names if there are too many.
   */
  async read(mirror: Mirror, signal: AbortSignal): Promise<NameIndex> {
    let steps = 0
    const found = walkMirror(
      new MirrorView(mirror),
      { path: [], state: 0 },
      {
        isWanted: isPlainName,
        enter: (path, parent) => this.#addDirectory(path, parent),
        passOver: () => {
          signal.throwIfAborted()
        },
        pause: () => (++steps % ENTRIES_A_STRETCH === 0 ? setImmediate() : null),
        mayLoop: false,
      },
    )
    for await (const { names, place } of found) {
      for (const name of names) this.#add(name, place.state)
      if (this.length > MOST_NAMES) return withoutNames(true)
    }
    this.isReading = false
    return this
  }

  get length(): number {
    return this.#lower.length
  }

  #addDirectory(path: readonly string[], parent: number): number {
    const name = path.at(-1) ?? ''
    this.#isDirectory.add(this.length)
    this.#add(name, parent)
    return this.#directories.push(`${this.#directories[parent]}${name}/`) - 1
  }

  #add(name: string, directory: number): void {
    const number = this.length
    if (number >= this.#directoryOf.length)
      this.#directoryOf = enlarged(this.#directoryOf, 2 * number)
    this.#directoryOf[number] = directory
    const lower = name.toLowerCase()
    if (lower !== name) this.#names.set(number, name)
    this.#lower.add(lower)
  }

  /**
   * Yields entries whose paths have all words, and whose names have at least one of them, in lower
   * case. It begins with the rarest word. Only directories can have that one in the path of further
   * entries, and usually none has.
   */
  async *search(words: readonly string[], pause: Pause): AsyncGenerator<FoundName> {
    const sorted = await this.#rarestFirst(words, pause)
    for (const [i, word] of sorted.entries()) {
      const [earlier, others] = [sorted.slice(0, i), sorted.slice(i + 1)]
      const above = i === 0 ? null : await this.#directoriesWith(earlier, pause)
      if (above && !above.includes(1)) return
      for (const place of this.#placesOf(word)) {
        if (place === PAUSE) {
          await pause()
          continue
        }
        const number = this.#numberAt(place)
        if (above && above[this.#directoryOf[number] ?? 0] !== 1) continue
        const name = this.#lower.textAt(number)
        const isFirst = !earlier.some((each) => name.includes(each))
        if (isFirst && this.#hasAll(number, name, others)) yield this.#foundAt(number, name)
      }
    }
  }

  /** Sorts words by the number of names that have them. */
  async #rarestFirst(words: readonly string[], pause: Pause): Promise<string[]> {
    if (words.length < 2) return [...words]
    const counted: { readonly word: string; readonly count: number }[] = []
    for (const word of words) {
      let count = 0
      for (const place of this.#placesOf(word)) {
        if (place === PAUSE) await pause()
        else if (++count === MOST_COUNTED) break
      }
      counted.push({ word, count })
    }
    return counted.sort((a, b) => a.count - b.count).map(({ word }) => word)
  }

  /** Has 1 at the number of each directory whose path has all words. */
  async #directoriesWith(words: readonly string[], pause: Pause): Promise<Uint8Array> {
    const found = new Uint8Array(this.#directories.length)
    for (const [number, path] of this.#directories.entries()) {
      const lower = path.toLowerCase()
      if (words.every((word) => lower.includes(word))) found[number] = 1
      if (number % STEPS_A_STRETCH === 0) await pause()
    }
    return found
  }

  /** Where a word is in names, once for each of them, and PAUSE when others may have their turn. */
  *#placesOf(word: string): Generator<number> {
    const bytes = this.#lower.used
    const wanted = Buffer.from(word)
    let matches = 0
    for (let from = 0; from < bytes.length; from += SLICE) {
      // A name may go on in the next slice
      const slice = bytes.subarray(from, Math.min(from + SLICE + wanted.length - 1, bytes.length))
      for (let at = slice.indexOf(wanted); at >= 0;) {
        yield from + at
        if (++matches % STEPS_A_STRETCH === 0) yield PAUSE
        const end = bytes.indexOf(0, from + at)
        at = end - from < slice.length ? slice.indexOf(wanted, end - from) : -1
      }
      yield PAUSE
    }
  }

  #hasAll(number: number, name: string, words: readonly string[]): boolean {
    const missing = words.filter((word) => !name.includes(word))
    if (missing.length === 0) return true
    const directory = this.#directoryAt(number).toLowerCase()
    return missing.every((word) => directory.includes(word))
  }

  #foundAt(number: number, lower: string): FoundName {
    const above = this.#directoryAt(number).split('/').slice(0, -1)
    return {
      path: [...above, this.#names.get(number) ?? lower],
      isDirectory: this.#isDirectory.has(number),
    }
  }

  #directoryAt(number: number): string {
    return this.#directories[this.#directoryOf[number] ?? 0] ?? ''
  }

  /** The number of the entry whose name has the byte at a place. */
  #numberAt(place: number): number {
    let [low, high] = [0, this.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#lower.starts[middle] ?? Infinity) <= place) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** The index of a mirror that has too many names, or cannot be read. */
export function withoutNames(isTooLarge: boolean): NameIndex {
  return Object.assign(new NameIndex(), { isTooLarge, isReading: false })
}
