import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { allocateShared, openShared } from '../../../src/tracker/swarms/open-swarms.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { limits } from './store.js'

const PEERS = 2000

test('threads that announce to one store at once lose nothing, and see the same swarms', async () => {
  const parts = { limits, now: () => 1000, randomBytes: pseudoRandom }
  const shared = allocateShared(parts)
  const store = openShared(shared, parts)
  const script = new URL('announcing-thread.js', import.meta.url)
  const threads = [1, 2].map((thread) => {
    return new Worker(script, { workerData: { shared, thread, peers: PEERS } })
  })
  await Promise.all(threads.map((thread) => once(thread, 'exit')))
  // Each thread announced all its peers, and stopped every second one
  assert.deepEqual(store.totals(), { swarms: 7, peers: PEERS, seeds: 0 })
  let incomplete = 0
  for (const swarm of store.list(0, 100).swarms) incomplete += swarm.incomplete
  assert.equal(incomplete, PEERS)
})
