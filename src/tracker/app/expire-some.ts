import { setImmediate } from 'node:timers/promises'
import type { MemorySwarms } from '../swarms/memory-swarms.js'

/**
 * Places of the store that are checked in one step. If all their peers expire, it takes
 * milliseconds.
 */
const SLICE = 1024
const SLICES = 16

/**
 * Removes expired peers from the next places of a store, up to its end. Called twice a second, it
 * covers a million places in 30 s. Announces are answered between steps.
 */
export async function expireSome(store: Pick<MemorySwarms, 'expire'>): Promise<void> {
  for (let slice = 0; slice < SLICES; slice += 1) {
    if (slice > 0) await setImmediate()
    if (store.expire(SLICE)) return
  }
}
