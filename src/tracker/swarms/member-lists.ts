import { HashTable } from './hash-table.js'

/** Leechers and seeds, of each address family. */
const LISTS = 4

/** The most peers of a swarm whose numbers are in a block. */
const MAX_BLOCK = 32

/** A swarm of many peers. */
interface LargeSwarm {
  /** Of the same type as the blocks: two types of arrays would be slower. */
  numbers: Uint32Array
  /** By which its peers are found. Whoever adds a peer fills it; it is empty at first. */
  readonly index: HashTable
}

/**
 * The numbers of the peers of each swarm: four lists, one after the other. A small swarm has them
 * in a block of a shared array, because an array of its own takes more memory than a peer.
 */
export class MemberLists {
  readonly #blocks: Blocks
  /** Where each swarm's block begins; 0 if it has none. */
  readonly #firsts: Uint32Array
  readonly #large = new Map<number, LargeSwarm>()
  /** The ends of each swarm's lists, counted from its first number. */
  readonly #ends: Uint32Array
  /** The place of each peer, counted in the same way. */
  readonly #places: Uint32Array

  constructor(maxPeers: number, maxSwarms: number) {
    this.#blocks = new Blocks(maxPeers)
    this.#firsts = new Uint32Array(maxSwarms + 1)
    this.#ends = new Uint32Array(LISTS * (maxSwarms + 1))
    this.#places = new Uint32Array(maxPeers + 1)
  }

  /** The array with the numbers of a swarm, valid until the swarm changes. */
  numbers(swarm: number): Uint32Array {
    return this.#largeSwarm(swarm)?.numbers ?? this.#blocks.words
  }

  /** The index in this array at which a list begins. */
  start(swarm: number, list: number): number {
    return (this.#firsts[swarm] ?? 0) + this.#begin(swarm, list)
  }

  /** The index of a large swarm. The others are searched. */
  index(swarm: number): HashTable | undefined {
    return this.#largeSwarm(swarm)?.index
  }

  length(swarm: number, list: number): number {
    return this.#end(swarm, list) - this.#begin(swarm, list)
  }

  /** Number of peers in a swarm. */
  count(swarm: number): number {
    return this.#end(swarm, LISTS - 1)
  }

  /** A copy of a swarm's numbers. */
  copy(swarm: number): number[] {
    const [numbers, start, copy] = [this.numbers(swarm), this.start(swarm, 0), [] as number[]]
    const end = start + this.count(swarm)
    for (let at = start; at < end; at += 1) copy.push(numbers[at] ?? 0)
    return copy
  }

  /** Adds a peer to a list. The first peer of each later list moves to the end of its list. */
  add(swarm: number, list: number, peer: number): void {
    let place = this.count(swarm)
    this.#resize(swarm, place, place + 1)
    for (let later = LISTS - 1; later > list; later -= 1) {
      const first = this.#begin(swarm, later)
      if (first !== place) this.#put(swarm, place, this.#at(swarm, first))
      this.#setEnd(swarm, later, this.#end(swarm, later) + 1)
      place = first
    }
    this.#put(swarm, place, peer)
    this.#setEnd(swarm, list, place + 1)
  }

  /** Removes a peer. The last peer of its list, and of each later one, moves to the free place. */
  remove(swarm: number, list: number, peer: number): void {
    let place = this.#places[peer] ?? 0
    for (let later = list; later < LISTS; later += 1) {
      const last = this.#end(swarm, later) - 1
      if (last !== place) this.#put(swarm, place, this.#at(swarm, last))
      this.#setEnd(swarm, later, last)
      place = last
    }
    this.#resize(swarm, place + 1, place)
  }

  /** Gives a swarm room for `after` numbers instead of `before`. */
  #resize(swarm: number, before: number, after: number): void {
    const large = this.#largeSwarm(swarm)
    if (large && after >= MAX_BLOCK / 2) fit(large, after)
    else if (large || sizeFor(before) !== sizeFor(after)) this.#rehouse(swarm, before, after)
  }

  /** Moves a swarm's numbers to another block, or from or to an array of its own. */
  #rehouse(swarm: number, before: number, after: number): void {
    const [from, start] = [this.numbers(swarm), this.start(swarm, 0)]
    const isLarge = after > MAX_BLOCK
    const to = isLarge ? new Uint32Array(2 * after) : this.#blocks.words
    const first = isLarge ? 0 : this.#blocks.take(after)
    for (let place = 0; place < Math.min(before, after); place += 1)
      to[first + place] = from[start + place] ?? 0
    if (start === 0) this.#large.delete(swarm)
    else this.#blocks.release(start, before)
    if (isLarge) this.#large.set(swarm, { numbers: to, index: new HashTable() })
    this.#firsts[swarm] = first
  }

  #largeSwarm(swarm: number): LargeSwarm | undefined {
    return this.#firsts[swarm] === 0 ? this.#large.get(swarm) : undefined
  }

  #at(swarm: number, place: number): number {
    return this.numbers(swarm)[this.start(swarm, 0) + place] ?? 0
  }

  #put(swarm: number, place: number, peer: number): void {
    this.numbers(swarm)[this.start(swarm, 0) + place] = peer
    this.#places[peer] = place
  }

  #begin(swarm: number, list: number): number {
    return list === 0 ? 0 : this.#end(swarm, list - 1)
  }

  #end(swarm: number, list: number): number {
    return this.#ends[LISTS * swarm + list] ?? 0
  }

  #setEnd(swarm: number, list: number, end: number): void {
    this.#ends[LISTS * swarm + list] = end
  }
}

/** Copies the numbers of a large swarm if they do not fit, or take up less than a quarter. */
function fit(large: LargeSwarm, count: number): void {
  const { numbers } = large
  if (count <= numbers.length && 4 * count >= numbers.length) return
  large.numbers = new Uint32Array(2 * count)
  large.numbers.set(numbers.subarray(0, count))
}

/**
 * Words for each peer that there may be. Blocks of 1, 2, 4, 8, 16 and 32 words keep their size, and
 * are more than half full. All peers may at some time be in blocks of any one size, which takes
 * 1 + 2/2 + 4/3 + 8/5 + 16/9 + 32/17 words. The system provides only the pages that are used.
 */
const BLOCK_WORDS = 9

/** An array that is divided into blocks, each for the numbers of a swarm. */
class Blocks {
  readonly words: Uint32Array
  /** The end of all blocks. The place 0 is none. */
  #end = 1
  /** The first free block of each size. The first word of a free block is the next one. */
  readonly #free = new Uint32Array(sizeFor(MAX_BLOCK) + 1)

  constructor(maxPeers: number) {
    this.words = new Uint32Array(BLOCK_WORDS * maxPeers + 1)
  }

  /** Returns where a block for so many numbers begins; 0 for no numbers. */
  take(count: number): number {
    const size = sizeFor(count)
    const block = this.#free[size] ?? 0
    if (block !== 0) {
      this.#free[size] = this.words[block] ?? 0
      return block
    }
    this.#end += size
    return size === 0 ? 0 : this.#end - size
  }

  /** Frees the block for so many numbers. */
  release(block: number, count: number): void {
    const size = sizeFor(count)
    this.words[block] = this.#free[size] ?? 0
    this.#free[size] = block
  }
}

/** The words of a block for 0 to 32 numbers: a power of two. */
function sizeFor(count: number): number {
  return count < 2 ? count : 2 ** (32 - Math.clz32(count - 1))
}
