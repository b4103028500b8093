import { ceilingPowerOfTwo } from './power-of-two.js'

/** The tables of an index over items that are numbered from 1 on. */
export interface HashIndexMemory {
  /** The first item of each bucket; 0 for none. */
  readonly heads: Uint32Array
  /** The next item of the same bucket, by item; 0 for none. */
  readonly next: Uint32Array
  /** The hash of each item. */
  readonly hashes: Uint32Array
  /** How many buckets are in use, and how many items there are. */
  readonly counts: Uint32Array
}

const BUCKETS = 0
const ITEMS = 1
const FIRST_BUCKETS = 64

/**
 * Items by hash, in a table that grows by one bucket at a time (linear hashing): there is no
 * moment at which all of a large table would be moved.
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

  /** Takes buckets into use for as many items as are to come: none need be split for them later. */
  reserve(items: number): void {
    if (this.#counts[ITEMS] !== 0) return
    this.#counts[BUCKETS] = Math.min(Math.max(items, FIRST_BUCKETS), this.#heads.length)
  }

  /** The first item of this hash; 0 for none. */
  first(hash: number): number {
    return this.#skipTo(hash, this.#heads[this.#bucketOf(hash)] ?? 0)
  }

  /** The item of the same hash after this one; 0 for none. */
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
    // While the table goes from 2^n to 2^(n+1) buckets, those not split yet are found by n bits
    const mask = (2 << (31 - Math.clz32(buckets))) - 1
    const bucket = hash & mask
    return bucket < buckets ? bucket : hash & (mask >>> 1)
  }

  /** Takes one more bucket into use, and moves there what now belongs into it. */
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

/** How many buckets an index over so many items may come to. */
export function bucketsFor(items: number): number {
  return Math.max(FIRST_BUCKETS, ceilingPowerOfTwo(items))
}
