import { KeyedHash, PartedTable, hashOf } from './hash-table.js'

/** Words of an info hash. */
const WORDS = 5
const BYTES = 4 * WORDS

/** The place of the info hash that is looked for. Swarms have the numbers from 1. */
const WANTED = 0

/** The most downloads of a swarm: 32 bits, as in answers over UDP. */
const MAX_DOWNLOADED = 0xffffffff

/**
 * All swarms, by number: 25 bytes each in columns that are allocated once, of which the system
 * provides the pages that are written, and 11 to 20 in a table. An object and an entry of a map
 * would take 200 bytes, which is more than a peer.
 */
export class SwarmTable {
  readonly #words: Uint32Array
  readonly #bytes: Uint8Array
  readonly #isUsed: Uint8Array
  /** Completed downloads of each swarm at all trackers. */
  readonly #downloaded: Uint32Array
  readonly #byHash = new PartedTable()
  /** Clients choose info hashes. */
  readonly #hash = new KeyedHash(WORDS)
  /** Free numbers up to the highest one. */
  readonly #free: number[] = []
  #highest = 0

  constructor(maxSwarms: number) {
    const places = maxSwarms + 1
    this.#words = new Uint32Array(WORDS * places)
    this.#bytes = new Uint8Array(this.#words.buffer)
    this.#isUsed = new Uint8Array(places)
    this.#downloaded = new Uint32Array(places)
  }

  /** Number of swarms. */
  get size(): number {
    return this.#highest - this.#free.length
  }

  /** The numbers of all swarms. A swarm that comes or goes meanwhile may or may not be there. */
  *all(): Generator<number, void> {
    for (let swarm = 1; swarm <= this.#highest; swarm += 1) if (this.#isUsed[swarm]) yield swarm
  }

  /** The number of the swarm of a torrent; 0 for none. */
  find(infoHash: Uint8Array): number {
    const hash = this.#load(infoHash)
    return this.#byHash.part(hash).find(hash, this.#isWanted)
  }

  /** Adds the swarm of a torrent that has none. */
  add(infoHash: Uint8Array): number {
    const swarm = this.#free.pop() ?? (this.#highest += 1)
    const hash = this.#load(infoHash)
    for (let at = 0; at < WORDS; at += 1) this.#words[WORDS * swarm + at] = this.#words[at] ?? 0
    this.#isUsed[swarm] = 1
    this.#downloaded[swarm] = 0
    this.#byHash.part(hash).add(hash, swarm)
    return swarm
  }

  remove(swarm: number): void {
    const hash = this.#hashOf(swarm)
    this.#byHash.part(hash).remove(hash, swarm)
    this.#isUsed[swarm] = 0
    this.#free.push(swarm)
  }

  /** The info hash of a swarm: a copy. */
  infoHash(swarm: number): Uint8Array {
    return this.#bytes.slice(BYTES * swarm, BYTES * (swarm + 1))
  }

  downloaded(swarm: number): number {
    return this.#downloaded[swarm] ?? 0
  }

  /** Counts completed downloads. */
  addDownloads(swarm: number, count: number): void {
    this.#downloaded[swarm] = Math.min(this.downloaded(swarm) + count, MAX_DOWNLOADED)
  }

  #load(infoHash: Uint8Array): number {
    // For a few bytes a loop is faster than `set`
    for (let at = 0; at < BYTES; at += 1) this.#bytes[at] = infoHash[at] ?? 0
    return this.#hashOf(WANTED)
  }

  #hashOf(swarm: number): number {
    return hashOf(this.#hash.part(this.#words, WORDS * swarm, WORDS, 0))
  }

  readonly #isWanted = (swarm: number): boolean => {
    const words = this.#words
    for (let at = 0; at < WORDS; at += 1) if (words[WORDS * swarm + at] !== words[at]) return false
    return true
  }
}
