import type { SwarmStore } from '../../../src/tracker/swarms/swarm-store.js'
import type { SwarmCounts } from '../../../src/tracker/swarms/swarm-types.js'

/** Swarms with these counts (complete, incomplete, downloaded), by info hash in hexadecimal. */
export function swarmsOf(
  counts: Readonly<Record<string, readonly [number, number, number]>>,
): Pick<SwarmStore, 'list' | 'scrape'> {
  const all = Object.entries(counts).map(([hash, [complete, incomplete, downloaded]]) => {
    const infoHash = Buffer.from(hash, 'hex')
    return { infoHash, complete, incomplete, downloaders: incomplete, downloaded }
  })
  const scrape = (infoHash: Uint8Array): SwarmCounts | null =>
    all.find((swarm) => swarm.infoHash.equals(infoHash)) ?? null
  function* list() {
    yield* all
  }
  return { scrape, list }
}
