import { withRoom } from './growing.js'
import {
  FINGERPRINT_LENGTH,
  readEncodedFingerprint,
  writeFingerprint,
  type Fingerprint,
} from './fingerprint.js'

/** Offset of the modification time in a fingerprint, in nanoseconds, and that of the next time. */
const MTIME_AT = 8
const CTIME_AT = 16

/** Offset of the inode in a fingerprint, which has 8 bytes and is 0 for no file. */
const INODE_AT = 24

/**
 * The encoded fingerprints of many files, one after the other. Objects would take five times as
 * much memory. `at` and others are null for one that is not a regular file.
 */
export class FingerprintTable {
  constructor(public bytes: Uint8Array) {}

  /** Whether there is a file. */
  isThere(i: number): boolean {
    const start = FINGERPRINT_LENGTH * i + INODE_AT
    for (let at = start; at < start + 8; at++) if (this.bytes[at]) return true
    return false
  }

  /** Whether a listing has a directory there. */
  isDirectory(i: number): boolean {
    return this.bytes[FINGERPRINT_LENGTH * (i + 1) - 1] === 1 && !this.isThere(i)
  }

  markDirectory(i: number): void {
    this.bytes[FINGERPRINT_LENGTH * (i + 1) - 1] = 1
  }

  at(i: number): Uint8Array | null {
    const start = FINGERPRINT_LENGTH * i
    return this.isThere(i) ? this.bytes.subarray(start, start + FINGERPRINT_LENGTH) : null
  }

  /** Returns a copy of an encoded fingerprint, also one of no file. */
  encodedAt(i: number): Uint8Array {
    return this.bytes.slice(FINGERPRINT_LENGTH * i, FINGERPRINT_LENGTH * (i + 1))
  }

  /** Decodes a fingerprint, also one of no file. */
  read(i: number): Fingerprint {
    const start = FINGERPRINT_LENGTH * i
    scratch.set(this.bytes.subarray(start, start + FINGERPRINT_LENGTH))
    return readEncodedFingerprint(scratchView, 0)
  }

  /** Copies the first bytes of a fingerprint to an offset, and returns whether it is there. */
  copyTo(target: Uint8Array, i: number, length: number, at = 0): boolean {
    const start = FINGERPRINT_LENGTH * i
    target.set(this.bytes.subarray(start, start + length), at)
    return this.isThere(i)
  }

  /** The size of file `i` in bytes; 0 for one that is not a regular file. */
  sizeAt(i: number): number {
    return this.#numberAt(FINGERPRINT_LENGTH * i)
  }

  /** When file `i` was modified, in milliseconds since 1970; null if it is not a regular file. */
  timeAt(i: number): number | null {
    return this.isThere(i) ? this.latestAt(i, 'mtime') / 1e6 : null
  }

  /**
   * The time of the last change, in nanoseconds, rounded to some hundreds; with `mtime` that of the
   * content.
   */
  latestAt(i: number, trust: 'full' | 'mtime'): number {
    const mtime = this.#numberAt(FINGERPRINT_LENGTH * i + MTIME_AT)
    if (trust === 'mtime') return mtime
    return Math.max(mtime, this.#numberAt(FINGERPRINT_LENGTH * i + CTIME_AT))
  }

  set(i: number, fingerprint: Fingerprint): void {
    writeFingerprint(fingerprint, scratchView, 0)
    this.bytes.set(scratch, FINGERPRINT_LENGTH * i)
  }

  /** Makes room for this many files. */
  reserve(count: number): void {
    this.bytes = new Uint8Array(withRoom(this.bytes, FINGERPRINT_LENGTH * count))
  }

  /** Sets files from `first` on to those of another table, from number `from` to before `to`. */
  setAll(first: number, other: FingerprintTable, [from, to]: readonly [number, number]): void {
    const some = other.bytes.subarray(FINGERPRINT_LENGTH * from, FINGERPRINT_LENGTH * to)
    this.bytes.set(some, FINGERPRINT_LENGTH * first)
  }

  /**
   * Returns a signed integer of 8 bytes as a number, because there may be very many files. Without
   * a DataView: for it the array of a single file would need memory outside the heap.
   */
  #numberAt(start: number): number {
    const { bytes } = this
    let value = ((bytes[start + 7] ?? 0) << 24) >> 24
    for (let at = start + 6; at >= start; at--) value = 256 * value + (bytes[at] ?? 0)
    return value
  }
}

const scratch = new Uint8Array(FINGERPRINT_LENGTH)
const scratchView = new DataView(scratch.buffer)
