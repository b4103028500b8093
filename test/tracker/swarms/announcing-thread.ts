// Announces peers to a store that it shares with other threads.
import { workerData } from 'node:worker_threads'
import { openShared, type SharedSwarms } from '../../../src/tracker/swarms/open-swarms.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { announceOf, limits } from './store.js'

const { shared, thread, peers } = workerData as {
  shared: SharedSwarms
  thread: number
  peers: number
}
const parts = { limits, now: () => 1000, randomBytes: pseudoRandom }
const store = openShared(shared, parts)
for (let n = 0; n < peers; n += 1) {
  const who = { peer: `${thread} ${n}`, at: `10.0.0.${thread}`, port: 1 + n, torrent: `${n % 7}` }
  store.announce(announceOf(who))
  if (n % 2 === 1) store.announce(announceOf({ ...who, event: 'stopped' }))
}
