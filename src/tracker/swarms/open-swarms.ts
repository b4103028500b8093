import { MemorySwarms } from './memory-swarms.js'
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
  const id = Buffer.from(randomBytes(8)).toString('hex')
  return new MemorySwarms({ memory, limits, id, now, random: randomNumbers(randomBytes(16)) })
}

/**
 * Creates a generator of pseudo-random unsigned 32-bit integers (xorshift128). The seed has 16
 * bytes, not all 0.
 * Not for secrets; it chooses peers.
 */
export function randomNumbers(seed: Uint8Array): () => number {
  const view = new DataView(seed.buffer, seed.byteOffset, 16)
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => view.getUint32(at)) as [
    number,
    number,
    number,
    number,
  ]
  return () => {
    const mixed = a ^ (a << 11)
    a = b
    b = c
    c = d
    d = d ^ (d >>> 19) ^ mixed ^ (mixed >>> 8)
    return d >>> 0
  }
}
