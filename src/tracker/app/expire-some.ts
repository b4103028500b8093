import { setImmediate } from 'node:timers/promises'
import type { MemorySwarms } from '../swarms/memory-swarms.js'

/** Places that are looked at together: should all their peers be gone, it takes some milliseconds. */
const SLICE = 1024
const SLICES = 16

/**
 * Forgets the peers that are gone in the next places of a store, up to its end: a million in 30 s
 * when it is done twice a second. Announces have their turn in between.
 */
export async function expireSome(store: Pick<MemorySwarms, 'expire'>): Promise<void> {
  for (let slice = 0; slice < SLICES; slice += 1) {
    if (slice > 0) await setImmediate()
    if (store.expire(SLICE)) return
  }
}
