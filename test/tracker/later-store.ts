import { setImmediate } from 'node:timers/promises'
import type { MemorySwarms } from '../../src/tracker/swarms/memory-swarms.js'
import type { AnnounceAnswer, SwarmStore } from '../../src/tracker/swarms/swarm-store.js'

/** A store that answers a moment later, as one over a network does. */
export function laterStore(store: MemorySwarms): SwarmStore {
  const later = async <T>(value: T): Promise<T> => {
    await setImmediate()
    return value
  }
  const copied = (answer: AnnounceAnswer): AnnounceAnswer => ({
    ...answer,
    peers4: Uint8Array.from(answer.peers4),
    peers6: Uint8Array.from(answer.peers6),
    ids4: Uint8Array.from(answer.ids4),
    ids6: Uint8Array.from(answer.ids6),
  })
  return {
    announce: (announce) => later(copied(store.announce(announce))),
    choose: (wish) => later(copied(store.choose(wish))),
    scrape: (infoHash) => later(store.scrape(infoHash)),
    list: (from, limit) => later(store.list(from, limit)),
    totals: () => later(store.totals()),
  }
}
