import { copyBytes } from './candidate.js'
import { HashIndex } from './hash-index.js'
import { hashWords } from './keyed-hash.js'
import { Counter, type StoreMemory, type SwarmColumns } from './store-memory.js'

/** State of a place: free, a swarm with peers, or one without. */
const SwarmState = { free: 0, peopled: 1, empty: 2 } as const

/** All swarms, indexed by info hash. */
export class SwarmTable {
  readonly columns: SwarmColumns
  readonly #counters: Uint32Array
  readonly #hashKey: Uint32Array
  readonly #byInfoHash: HashIndex
  readonly #words = new Uint32Array(5)
  readonly #bytes = new Uint8Array(this.#words.buffer)
  readonly #infoHashBytes: Uint8Array

  constructor(memory: StoreMemory) {
    this.columns = memory.swarms
    this.#counters = memory.counters
    this.#hashKey = memory.hashKey
    this.#byInfoHash = new HashIndex(memory.swarms.byInfoHash)
    this.#infoHashBytes = new Uint8Array(memory.swarms.infoHashes.buffer)
  }

  /** The highest number that a swarm may have. */
  get highest(): number {
    return this.#counters[Counter.highestSwarm] ?? 0
  }

  /** The swarm that has been without peers longest; 0 for none. */
  get oldestEmpty(): number {
    return this.#counters[Counter.oldestEmpty] ?? 0
  }

  isInUse(swarm: number): boolean {
    return this.columns.states[swarm] !== SwarmState.free
  }

  /** The number of a swarm; 0 if it does not exist. */
  find(infoHash: Uint8Array): number {
    copyBytes(infoHash, this.#bytes)
    const hash = hashWords(this.#hashKey, this.#words, 5)
    let swarm = this.#byInfoHash.first(hash)
    while (swarm !== 0 && !this.#hasWords(swarm)) swarm = this.#byInfoHash.following(swarm)
    return swarm
  }

  /** Adds a new swarm without peers; returns 0 if there is no room. */
  add(infoHash: Uint8Array): number {
    const swarm = this.#takePlace()
    if (swarm === 0) return 0
    copyBytes(infoHash, this.#bytes)
    const { infoHashes, completed, partialSeeds } = this.columns
    for (let at = 0; at < 5; at += 1) infoHashes[5 * swarm + at] = this.#words[at] ?? 0
    completed[swarm] = 0
    partialSeeds[swarm] = 0
    this.#byInfoHash.add(swarm, hashWords(this.#hashKey, this.#words, 5))
    this.#count(1)
    this.#linkEmpty(swarm)
    return swarm
  }

  /** Removes a swarm, which must have no peers. */
  remove(swarm: number): void {
    this.#unlinkEmpty(swarm)
    this.#byInfoHash.remove(swarm)
    this.columns.states[swarm] = SwarmState.free
    this.columns.after[swarm] = this.#counters[Counter.freeSwarm] ?? 0
    this.#counters[Counter.freeSwarm] = swarm
    this.#count(-1)
  }

  /** Must be called when the first peer joins. */
  markPeopled(swarm: number): void {
    this.#unlinkEmpty(swarm)
    this.columns.states[swarm] = SwarmState.peopled
  }

  /** Must be called when the last peer leaves. */
  markEmpty(swarm: number): void {
    this.#linkEmpty(swarm)
  }

  infoHashOf(swarm: number): Uint8Array {
    return this.#infoHashBytes.slice(20 * swarm, 20 * swarm + 20)
  }

  /** Whether a place holds the swarm with this info hash. */
  isAt(swarm: number, infoHash: Uint8Array): boolean {
    copyBytes(infoHash, this.#bytes)
    return this.isInUse(swarm) && this.#hasWords(swarm)
  }

  #hasWords(swarm: number): boolean {
    const { infoHashes } = this.columns
    for (let at = 0; at < 5; at += 1) {
      if (infoHashes[5 * swarm + at] !== this.#words[at]) return false
    }
    return true
  }

  #takePlace(): number {
    const free = this.#counters[Counter.freeSwarm] ?? 0
    if (free !== 0) {
      this.#counters[Counter.freeSwarm] = this.columns.after[free] ?? 0
      return free
    }
    const { highest } = this
    if (highest + 1 >= this.columns.states.length) return 0
    this.#counters[Counter.highestSwarm] = highest + 1
    return highest + 1
  }

  #linkEmpty(swarm: number): void {
    const { before, after, states } = this.columns
    const newest = this.#counters[Counter.newestEmpty] ?? 0
    before[swarm] = newest
    after[swarm] = 0
    if (newest === 0) this.#counters[Counter.oldestEmpty] = swarm
    else after[newest] = swarm
    this.#counters[Counter.newestEmpty] = swarm
    states[swarm] = SwarmState.empty
  }

  #unlinkEmpty(swarm: number): void {
    const { before, after } = this.columns
    const older = before[swarm] ?? 0
    const newer = after[swarm] ?? 0
    if (older === 0) this.#counters[Counter.oldestEmpty] = newer
    else after[older] = newer
    if (newer === 0) this.#counters[Counter.newestEmpty] = older
    else before[newer] = older
  }

  #count(change: number): void {
    this.#counters[Counter.swarms] = (this.#counters[Counter.swarms] ?? 0) + change
  }
}
