import type { LineReader } from './line-reader.js'

/** A line that tells of a torrent. */
export interface NamedLine {
  readonly name: string
  readonly line: Buffer
}

/**
 * The lines that a run put, by torrent. Of one that is in the file only its place is kept: there may
 * be very many.
 */
export class PutLines {
  /** A line, or its place in the file, or null when the torrent is no longer btkit's. */
  readonly #lines = new Map<string, Buffer | number | null>()
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
   * The last line of a torrent; null when that says that it is no longer btkit's, undefined when
   * there is none.
   * @throws BtkitError as LineReader does
   */
  get(name: string): Buffer | null | undefined {
    const line = this.#lines.get(name)
    return typeof line === 'number' ? this.#lineAt(line) : line
  }

  /** Puts the line of a torrent, which with `isGone` is no longer btkit's. */
  put({ name, line }: NamedLine, isGone: boolean): void {
    this.#lines.set(name, isGone ? null : line)
    this.#count++
  }

  /** Lets go of lines that were written one after the other, the first one at `start`. */
  letGo(written: readonly NamedLine[], start: number): void {
    let at = start
    for (const { name, line } of written) {
      if (this.#lines.get(name) === line) this.#lines.set(name, at)
      at += line.length
    }
  }

  /** The last lines of all torrents that are btkit's, in the order of the file. */
  *current(): Generator<Buffer> {
    const lines = [...this.#lines.values()]
    const places = lines.filter((line) => typeof line === 'number').sort((a, b) => a - b)
    for (const place of places) yield this.#lineAt(place)
    for (const line of lines) if (line instanceof Buffer) yield line
  }

  #lineAt(place: number): Buffer {
    this.#reader ??= this.#open()
    return this.#reader.lineAt(place)
  }
}
