/** The tables of an index over items that are numbered from 1. */
export interface HashIndexMemory {
  /** The first item of each bucket; 0 for none. */
  readonly heads: Uint32Array
  /** The next item in the same bucket, by item; 0 for none. */
  readonly next: Uint32Array
  /** The hash of each item. */
  readonly hashes: Uint32Array
  /** Number of buckets in use, and number of items. */
  readonly counts: Uint32Array
}

const BUCKETS = 0
const ITEMS = 1
const FIRST_BUCKETS = 64

/**
 * An index of items by hash. The table grows by one bucket at a time (linear hashing), so there is
 * never a pause in which a large table is rebuilt.
 */
export class HashIndex {
  readonly #heads: Uint32Array
  readonly #next: Uint32Array
  readonly #hashes: Uint32Array
  readonly #counts: Uint32Array

  constructor(memory: HashIndexMemory) {
    this.#heads = memory.heads
    this.#next = memory.next
    this.#hashes = memory.hashes
    this.#counts = memory.counts
    if (this.#counts[BUCKETS] === 0) this.#counts[BUCKETS] = FIRST_BUCKETS
  }

  /** Sizes an empty index for a number of items, so that adding them splits no bucket. */
  reserve(items: number): void {
    if (this.#counts[ITEMS] !== 0) return
    this.#counts[BUCKETS] = Math.min(Math.max(items, FIRST_BUCKETS), this.#heads.length)
  }

  /** The first item with this hash; 0 for none. */
  first(hash: number): number {
    return this.#skipTo(hash, this.#heads[this.#bucketOf(hash)] ?? 0)
  }

  /** The next item with the same hash; 0 for none. */
  following(item: number): number {
    return this.#skipTo(this.#hashes[item] ?? 0, this.#next[item] ?? 0)
  }

  add(item: number, hash: number): void {
    this.#hashes[item] = hash
    this.#link(item, this.#bucketOf(hash))
    const items = (this.#counts[ITEMS] ?? 0) + 1
    this.#counts[ITEMS] = items
    const buckets = this.#counts[BUCKETS] ?? 0
    if (items > buckets && buckets < this.#heads.length) this.#split(buckets)
  }

  remove(item: number): void {
    const bucket = this.#bucketOf(this.#hashes[item] ?? 0)
    const following = this.#next[item] ?? 0
    let before = this.#heads[bucket] ?? 0
    if (before === item) {
      this.#heads[bucket] = following
    } else {
      while (before !== 0 && this.#next[before] !== item) before = this.#next[before] ?? 0
      this.#next[before] = following
    }
    this.#counts[ITEMS] = (this.#counts[ITEMS] ?? 0) - 1
  }

  #link(item: number, bucket: number): void {
    this.#next[item] = this.#heads[bucket] ?? 0
    this.#heads[bucket] = item
  }

  #skipTo(hash: number, from: number): number {
    let item = from
    while (item !== 0 && this.#hashes[item] !== hash) item = this.#next[item] ?? 0
    return item
  }

  #bucketOf(hash: number): number {
    const buckets = this.#counts[BUCKETS] ?? 0
    // While growing from 2^n to 2^(n+1) buckets, the buckets not yet split use only n bits
    const mask = (2 << (31 - Math.clz32(buckets))) - 1
    const bucket = hash & mask
    return bucket < buckets ? bucket : hash & (mask >>> 1)
  }

  /** Adds a bucket and moves the items that belong there from the bucket it splits. */
  #split(buckets: number): void {
    const old = buckets ^ (1 << (31 - Math.clz32(buckets)))
    this.#counts[BUCKETS] = buckets + 1
    let item = this.#heads[old] ?? 0
    this.#heads[old] = 0
    while (item !== 0) {
      const following = this.#next[item] ?? 0
      this.#link(item, this.#bucketOf(this.#hashes[item] ?? 0))
      item = following
    }
  }
}

/** The most buckets that an index over `items` items uses. */
export function bucketsFor(items: number): number {
  return Math.max(FIRST_BUCKETS, ceilingPowerOfTwo(items))
}

/** The smallest power of two that is at least `count`. `count` must be at most 2^31. */
export function ceilingPowerOfTwo(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1))
}
