import { bucketsFor, ceilingPowerOfTwo, type HashIndexMemory } from './hash-index.js'
import type { IndexListsMemory } from './index-lists.js'
import { POOL_HEADS, type IndexPoolMemory } from './index-pool.js'

/**
 * The complete content of a store. It is allocated for the maximum number of peers and swarms, but
 * the system provides only the pages that are written. Memory use therefore grows with the content.
 */
export interface StoreMemory {
  /** See `Counter` for the indexes. */
  readonly counters: Uint32Array
  /** The secret of the hashes. */
  readonly hashKey: Uint32Array
  readonly peers: PeerColumns
  readonly swarms: SwarmColumns
  readonly lists: IndexListsMemory
  readonly pool: IndexPoolMemory
  /** See `AddressCounts`. */
  readonly perAddress: Uint32Array
  readonly perAddressInSwarm: Uint16Array
  readonly perNetwork: Uint32Array
}

/** Peers, by number from 1. */
export interface PeerColumns {
  /** Four words each, in network order. */
  readonly addresses: Uint32Array
  readonly ports: Uint16Array
  /** Five words each. */
  readonly ids: Uint32Array
  /** The key. In a free place, the next free place. */
  readonly keys: Uint32Array
  /** Time of the last announce in seconds. */
  readonly heard: Uint32Array
  /** The swarm; 0 if the place is free. */
  readonly swarms: Uint32Array
  /** See `PeerFlag`. */
  readonly flags: Uint8Array
  readonly byId: HashIndexMemory
  readonly byAddress: HashIndexMemory
}

/** Swarms, by number from 1. */
export interface SwarmColumns {
  /** Five words each. */
  readonly infoHashes: Uint32Array
  readonly completed: Uint32Array
  readonly partialSeeds: Uint32Array
  /** See `SwarmState`. */
  readonly states: Uint8Array
  /**
   * Links the swarms without peers in the order in which they became empty. In a free place,
   * `after` is the next free place.
   */
  readonly before: Uint32Array
  readonly after: Uint32Array
  readonly byInfoHash: HashIndexMemory
}

/** Indexes in `counters`. */
export const Counter = {
  peers: 0,
  seeds: 1,
  swarms: 2,
  /** The highest number used so far. */
  highestPeer: 3,
  highestSwarm: 4,
  /** The first free place below the highest; 0 for none. */
  freePeer: 5,
  freeSwarm: 6,
  /** The oldest and newest swarm without peers. */
  oldestEmpty: 7,
  newestEmpty: 8,
  /** The place at which the next search for expired peers begins. */
  nextToExpire: 9,
} as const

/** Each swarm has a list for leechers and one for seeds, per address family. */
export const LISTS_PER_SWARM = 4

/** Allocates the memory of a store. `secret` has 8 random bytes. */
export function allocateStore(
  limits: { readonly maxPeers: number; readonly maxSwarms: number },
  secret: Uint8Array,
): StoreMemory {
  const peers = limits.maxPeers + 1
  const swarms = limits.maxSwarms + 1
  const lists = swarms * LISTS_PER_SWARM
  const entries = ceilingPowerOfTwo(4 * peers)
  const hashKey = new Uint32Array(2)
  new Uint8Array(hashKey.buffer).set(secret.subarray(0, 8))
  return {
    counters: new Uint32Array(16),
    hashKey,
    peers: allocatePeers(peers),
    swarms: allocateSwarms(swarms),
    lists: {
      starts: new Uint32Array(lists),
      lengths: new Uint32Array(lists),
      orders: new Uint8Array(lists),
      positions: new Uint32Array(peers),
    },
    pool: {
      entries: new Uint32Array(entries),
      freeOrders: new Uint8Array(entries / 2),
      heads: new Uint32Array(POOL_HEADS),
    },
    perAddress: new Uint32Array(ceilingPowerOfTwo(peers / 2)),
    perAddressInSwarm: new Uint16Array(ceilingPowerOfTwo(peers)),
    perNetwork: new Uint32Array(ceilingPowerOfTwo(peers / 2)),
  }
}

function allocatePeers(peers: number): PeerColumns {
  return {
    addresses: new Uint32Array(4 * peers),
    ports: new Uint16Array(peers),
    ids: new Uint32Array(5 * peers),
    keys: new Uint32Array(peers),
    heard: new Uint32Array(peers),
    swarms: new Uint32Array(peers),
    flags: new Uint8Array(peers),
    byId: allocateIndex(peers),
    byAddress: allocateIndex(peers),
  }
}

function allocateSwarms(swarms: number): SwarmColumns {
  return {
    infoHashes: new Uint32Array(5 * swarms),
    completed: new Uint32Array(swarms),
    partialSeeds: new Uint32Array(swarms),
    states: new Uint8Array(swarms),
    before: new Uint32Array(swarms),
    after: new Uint32Array(swarms),
    byInfoHash: allocateIndex(swarms),
  }
}

function allocateIndex(items: number): HashIndexMemory {
  return {
    heads: new Uint32Array(bucketsFor(items)),
    next: new Uint32Array(items),
    hashes: new Uint32Array(items),
    counts: new Uint32Array(2),
  }
}
