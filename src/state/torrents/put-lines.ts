import type { LineReader } from './line-reader.js'
import { frameLine, framedLength, unframeLine } from './lines.js'

/** A torrent's JSON, and the name of the torrent. */
export interface NamedLine {
  readonly name: string
  readonly json: string
}

/**
 * The last line of each torrent that a run has set. After a line is in the file only its offset is
 * kept in memory, because there may be very many.
 */
export class PutLines {
  /** JSON, or the offset of its line in the file, or null if the torrent is no longer btkit's. */
  readonly #lines = new Map<string, string | number | null>()
  #reader: LineReader | null = null
  #count = 0

  /** `open` opens the file for reading; it is called before the first read. */
  constructor(private readonly open: () => LineReader) {}

  /** Number of lines that later lines replaced. */
  get outdated(): number {
    return this.#count - this.#lines.size
  }

  has(name: string): boolean {
    return this.#lines.has(name)
  }

  /**
   * Returns the JSON of a torrent's last line. Null if that line says that the torrent is no longer
   * btkit's; undefined if there is no line.
   * @throws BtkitError as LineReader does
   */
  get(name: string): string | null | undefined {
    const line = this.#lines.get(name)
    return typeof line === 'number' ? unframeLine(this.#lineAt(line)) : line
  }

  /** Sets the line of a torrent. With `isGone` the torrent is no longer btkit's. */
  put({ name, json }: NamedLine, isGone: boolean): void {
    this.#lines.set(name, isGone ? null : json)
    this.#count++
  }

  /**
   * Replaces the JSON of lines by their offsets, after they were written in this order from the
   * offset `start` on.
   */
  letGo(written: readonly NamedLine[], start: number): void {
    let at = start
    for (const { name, json } of written) {
      if (this.#lines.get(name) === json) this.#lines.set(name, at)
      at += framedLength(json)
    }
  }

  /** Yields the last line of each torrent that is still btkit's, in file order. */
  *current(): Generator<Buffer> {
    const lines = [...this.#lines.values()]
    const places = lines.filter((line) => typeof line === 'number').sort((a, b) => a - b)
    for (const place of places) yield this.#lineAt(place)
    for (const line of lines) if (typeof line === 'string') yield frameLine(line)
  }

  #lineAt(place: number): Buffer {
    this.#reader ??= this.open()
    return this.#reader.lineAt(place)
  }
}
