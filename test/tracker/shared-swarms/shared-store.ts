import type { TestContext } from 'node:test'
import { parseRedisUrl } from '../../../src/redis/address.js'
import { SharedSwarms } from '../../../src/tracker/shared-swarms/shared-swarms.js'
import { SwarmCalls } from '../../../src/tracker/shared-swarms/swarm-calls.js'
import type { StoreLimits } from '../../../src/tracker/swarms/swarm-store.js'
import { limits, makeStore } from '../swarms/store.js'

/** A tracker's view of the swarms in a Redis, with a clock that the test sets. */
export async function openShared(t: TestContext, url: string, changed: Partial<StoreLimits> = {}) {
  const { store: memory, clock } = makeStore(changed)
  const { peerTimeout, keepsEmpty } = { ...limits, ...changed }
  const now = () => clock.now
  const calls = new SwarmCalls({ peerTimeout, keepsEmpty, now, random: Math.random })
  const warnings: string[] = []
  let time = 0
  const store = new SharedSwarms({
    address: parseRedisUrl(url),
    calls,
    memory,
    // So late each time that no listing is used again
    now: () => (time += 1000),
    warn: (message) => void warnings.push(message),
  })
  t.after(() => {
    store.close()
  })
  await store.open()
  return { store, memory, clock, warnings }
}
