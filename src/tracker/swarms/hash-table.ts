import { randomInt } from 'node:crypto'

/** 2 ** 32 + 15, a prime. */
const PRIME = 4_294_967_311

/**
 * A hash with a secret key: clients choose what is hashed, and must not find much of one hash. Two
 * lists of words have the same with a probability of 2 ** -32, and never if only one word differs
 * (multilinear hashing modulo a prime).
 */
export class KeyedHash {
  /** For each word, a factor of its lower half and one of the other: so all sums are exact. */
  readonly #factors: Float64Array

  constructor(words: number) {
    const keys = Array.from({ length: words }, () => randomInt(1, PRIME))
    this.#factors = Float64Array.from(keys.flatMap((key) => [key, (key * 65536) % PRIME]))
  }

  /** The part of `count` words from `from` in a sum, where they are from `at`. */
  part(words: Uint32Array | Uint16Array, from: number, count: number, at: number): number {
    const factors = this.#factors
    let sum = 0
    for (let n = 0; n < count; n += 1) {
      const word = words[from + n] ?? 0
      sum += (word & 0xffff) * (factors[2 * (at + n)] ?? 0)
      sum += (word >>> 16) * (factors[2 * (at + n) + 1] ?? 0)
    }
    return sum
  }
}

/** The hash of 32 bits of a sum of parts, below 2 ** 53. */
export function hashOf(sum: number): number {
  const hash = sum - PRIME * Math.floor(sum / PRIME)
  // Small differences become large ones, so that neighbours are far apart in a table
  return Math.imul(hash ^ (hash >>> 16), 0x9e3779b1)
}

const isCount = (number: number) => number < 0
const isNone = () => false

/** The number of a pair that was removed. */
const GONE = 2 ** 31 - 1

/** Numbers above 0, and counts, by hashes in open addressing: 11 to 20 bytes each. */
export class HashTable {
  /** Each a hash and a number, or 0 for none. Counts are below 0. */
  #pairs = new Int32Array(roomFor(0))
  #used = 0
  #removed = 0

  /** Whether nothing was added yet. */
  get isEmpty(): boolean {
    return this.#used === 0
  }

  /** Returns a number of this hash that `isIt` accepts; 0 for none. */
  find(hash: number, isIt: (number: number) => boolean): number {
    return this.#pairs[this.#seek(hash, isIt) + 1] ?? 0
  }

  add(hash: number, number: number): void {
    if (8 * this.#used > 3 * this.#pairs.length) this.#resize()
    this.#used += 1
    const at = this.#seek(hash, isNone)
    this.#pairs[at] = hash
    this.#pairs[at + 1] = number
  }

  /** Removes a number of this hash, if it is there. */
  remove(hash: number, number: number): void {
    const at = this.#seek(hash, (each) => each === number) + 1
    if (this.#pairs[at] === 0) return
    this.#pairs[at] = GONE
    this.#removed += 1
  }

  count(hash: number): number {
    return -this.find(hash, isCount)
  }

  increase(hash: number, change: 1 | -1): void {
    const at = this.#seek(hash, isCount) + 1
    const before = this.#pairs[at] ?? 0
    if (before === 0) this.add(hash, -change)
    else if (before === change) this.remove(hash, before)
    else this.#pairs[at] = before - change
  }

  /** Finds the place of a number, or the free one where the search ends. */
  #seek(hash: number, isIt: (number: number) => boolean): number {
    const pairs = this.#pairs
    let at = 2 * (((hash >>> 0) * pairs.length * 2 ** -33) | 0)
    for (let number = pairs[at + 1] ?? 0; number !== 0; number = pairs[at + 1] ?? 0) {
      if (pairs[at] === hash && isIt(number)) break
      at = at + 2 === pairs.length ? 0 : at + 2
    }
    return at
  }

  #resize(): void {
    const before = this.#pairs
    this.#pairs = new Int32Array(roomFor(this.#used - this.#removed))
    this.#used = this.#removed = 0
    for (let at = 0; at < before.length; at += 2) {
      const [hash = 0, number = 0] = [before[at], before[at + 1]]
      if (number !== 0 && number !== GONE) this.add(hash, number)
    }
  }
}

/** Parts of a table. */
const PARTS = 256

/** A table of very many numbers. Each part grows alone, so that no announce waits for all. */
export class PartedTable {
  readonly #parts = Array.from({ length: PARTS }, () => new HashTable())

  /** The part with the numbers of a hash. */
  part(hash: number): HashTable {
    return this.#parts[hash & (PARTS - 1)] ?? new HashTable()
  }
}

/** An even number of words for more pairs than there are, so that most searches are short. */
const roomFor = (count: number) => 2 * Math.ceil(2.5 * count) + 16
