import type { LineReader } from './line-reader.js'
import { frameLine, framedLength, unframeLine } from './lines.js'

/** The JSON of a line that tells of a torrent. */
export interface NamedLine {
  readonly name: string
  readonly json: string
}

/**
 * The lines that a run put, by torrent. Of one that is in the file only its place is kept: there may
 * be very many.
 */
export class PutLines {
  /** JSON, or its line's place in the file, or null when the torrent is no longer btkit's. */
  readonly #lines = new Map<string, string | number | null>()
  readonly #open: () => LineReader
  #reader: LineReader | null = null
  #count = 0

  /** `open` opens the file for reading; it is called once there is something to read. */
  constructor(open: () => LineReader) {
    this.#open = open
  }

  /** How many of the lines that were put count no more. */
  get outdated(): number {
    return this.#count - this.#lines.size
  }

  has(name: string): boolean {
    return this.#lines.has(name)
  }

  /**
   * The JSON of the last line of a torrent; null when that says that it is no longer btkit's,
   * undefined when there is none.
   * @throws BtkitError as LineReader does
   */
  get(name: string): string | null | undefined {
    const line = this.#lines.get(name)
    return typeof line === 'number' ? unframeLine(this.#lineAt(line)) : line
  }

  /** Puts the line of a torrent, which with `isGone` is no longer btkit's. */
  put({ name, json }: NamedLine, isGone: boolean): void {
    this.#lines.set(name, isGone ? null : json)
    this.#count++
  }

  /** Lets go of lines that were written one after the other, the first one at `start`. */
  letGo(written: readonly NamedLine[], start: number): void {
    let at = start
    for (const { name, json } of written) {
      if (this.#lines.get(name) === json) this.#lines.set(name, at)
      at += framedLength(json)
    }
  }

  /** The last lines of all torrents that are btkit's, in the order of the file. */
  *current(): Generator<Buffer> {
    const lines = [...this.#lines.values()]
    const places = lines.filter((line) => typeof line === 'number').sort((a, b) => a - b)
    for (const place of places) yield this.#lineAt(place)
    for (const line of lines) if (typeof line === 'string') yield frameLine(line)
  }

  #lineAt(place: number): Buffer {
    this.#reader ??= this.#open()
    return this.#reader.lineAt(place)
  }
}
