import { Lock } from './lock.js'
import { LockedSwarms } from './locked-swarms.js'
import { MemorySwarms } from './memory-swarms.js'
import { randomNumbers } from './random-numbers.js'
import { allocateStore, type StoreMemory } from './store-memory.js'
import type { StoreLimits, SwarmStore } from './swarm-store.js'

export interface SwarmsParts {
  readonly limits: StoreLimits
  /** Seconds on a clock that is never set back, the same in all threads. */
  readonly now: () => number
  readonly randomBytes: (count: number) => Uint8Array
}

/** Memory that may be handed to other threads. */
export interface SharedSwarms {
  readonly memory: StoreMemory
  readonly lock: Int32Array
}

/** Memory for a store that threads share; each of them opens it by `openShared`. */
export function allocateShared({ limits, randomBytes }: SwarmsParts): SharedSwarms {
  const memory = allocateStore(limits, randomBytes(8))
  return { memory, lock: new Int32Array(new SharedArrayBuffer(4)) }
}

/** A store of one thread. */
export function openSwarms(parts: SwarmsParts): SwarmStore {
  return openMemory(allocateStore(parts.limits, parts.randomBytes(8)), parts)
}

/** A store that other threads use too. */
export function openShared({ memory, lock }: SharedSwarms, parts: SwarmsParts): SwarmStore {
  const turns = new Lock(lock)
  return new LockedSwarms(
    turns.hold(() => openMemory(memory, parts)),
    turns,
  )
}

function openMemory(memory: StoreMemory, { limits, now, randomBytes }: SwarmsParts): MemorySwarms {
  return new MemorySwarms({ memory, limits, now, random: randomNumbers(randomBytes(16)) })
}
