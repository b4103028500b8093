import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { withRoom } from './growing.js'
import { rawPath, textOfPath } from '../../base/text/raw-path.js'

const NO_BYTES = Buffer.alloc(0)

/** Names one after the other, each ended by a NUL. */
export class NameColumn {
  bytes: Buffer = NO_BYTES
  /** Where each name begins, and at the end where the next one will. */
  starts: Uint32Array = new Uint32Array(2)
  #hasRaw = false

  constructor(public length = 0) {}

  /**
   * Returns the names in these bytes, of which each is ended by a NUL; all of them, or so many.
   * `starts` is room for where they begin.
   */
  static of(
    bytes: Buffer,
    length = countNames(bytes),
    starts = new Uint32Array(length + 1),
  ): NameColumn {
    const column = new NameColumn(length)
    column.bytes = bytes
    column.starts = starts
    for (let at = 0, i = 1; i <= length; at++) if (bytes[at] === 0) column.starts[i++] = at + 1
    return column
  }

  /** The bytes of all names. */
  get used(): Buffer {
    return this.bytes.subarray(0, this.starts[this.length])
  }

  /** Whether all names are UTF-8, and none has the character that Node puts for other bytes. */
  get isClean(): boolean {
    const { used } = this
    return isAscii(used) || (isUtf8(used) && !used.includes('\uFFFD'))
  }

  /** Returns a copy that grows by itself. */
  copy(): NameColumn {
    const copied = new NameColumn(this.length)
    copied.bytes = Buffer.from(this.used)
    copied.starts = this.starts.slice(0, this.length + 1)
    copied.#hasRaw = this.#hasRaw
    return copied
  }

  textAt(i: number): string {
    const start = this.starts[i] ?? 0
    const end = this.endAt(i)
    if (this.#hasRaw) return textOfPath(this.bytes.subarray(start, end))
    return this.bytes.toString('utf8', start, end)
  }

  /** Returns the bytes of some names, each ended by a NUL. */
  slice(from: number, to: number): Buffer {
    return this.bytes.subarray(this.starts[from], this.starts[to])
  }

  /** Where the bytes of a name end. */
  endAt(i: number): number {
    return (this.starts[i + 1] ?? 1) - 1
  }

  /** Adds a name. Bytes that are not UTF-8 are as textOfPath has them. */
  add(name: string): void {
    const bytes = rawPath(name)
    const length = Buffer.byteLength(bytes)
    const at = this.#reserve(1, length + 1)
    if (typeof bytes === 'string') {
      this.bytes.write(bytes, at)
    } else {
      this.bytes.set(bytes, at)
      this.#hasRaw = true
    }
    this.bytes[at + length] = 0
    this.starts[++this.length] = at + length + 1
  }

  /** Adds names of another column, from number `from` to before `to`. */
  append(other: NameColumn, from: number, to: number): void {
    this.#hasRaw ||= other.#hasRaw
    const start = other.starts[from] ?? 0
    const end = other.starts[to] ?? 0
    const at = this.#reserve(to - from, end - start)
    this.bytes.set(other.bytes.subarray(start, end), at)
    const moved = at - start
    for (let i = from; i < to; i++) this.starts[++this.length] = (other.starts[i + 1] ?? 0) + moved
  }

  /** Makes room, and returns where the next name begins. */
  #reserve(names: number, bytes: number): number {
    const at = this.starts[this.length] ?? 0
    if (at + bytes > this.bytes.length) {
      this.bytes = Buffer.from(withRoom(this.bytes, at + bytes))
    }
    if (this.length + names >= this.starts.length) {
      this.starts = enlarged(this.starts, this.length + names + 1)
    }
    return at
  }
}

function countNames(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte === 0) count++
  return count
}

/** Returns an array with the same numbers at its begin, of at least this length. */
export function enlarged<T extends Uint32Array | Float64Array>(array: T, length: number): T {
  const { BYTES_PER_ELEMENT: each, buffer, byteOffset, byteLength } = array
  const larger = withRoom(new Uint8Array(buffer, byteOffset, byteLength), length * each)
  const Kind = array.constructor as new (buffer: ArrayBufferLike, at: number, length: number) => T
  return new Kind(larger, 0, Math.floor(larger.byteLength / each))
}
