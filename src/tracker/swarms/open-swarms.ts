import { MemorySwarms } from './memory-swarms.js'
import { randomNumbers } from './random-numbers.js'
import { allocateStore } from './store-memory.js'
import type { StoreLimits } from './swarm-store.js'

export interface SwarmsParts {
  readonly limits: StoreLimits
  /** Seconds on a clock that is never set back. */
  readonly now: () => number
  readonly randomBytes: (count: number) => Uint8Array
}

/** Creates an empty store. */
export function openSwarms({ limits, now, randomBytes }: SwarmsParts): MemorySwarms {
  const memory = allocateStore(limits, randomBytes(8))
  return new MemorySwarms({ memory, limits, now, random: randomNumbers(randomBytes(16)) })
}
