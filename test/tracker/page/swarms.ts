import type { MemorySwarms } from '../../../src/tracker/swarms/memory-swarms.js'
import type { SwarmCounts } from '../../../src/tracker/swarms/swarm-store.js'

/** Swarms with these counts (complete, incomplete, downloaded), by info hash in hexadecimal. */
export function swarmsOf(
  counts: Readonly<Record<string, readonly [number, number, number]>>,
): Pick<MemorySwarms, 'list' | 'scrape'> {
  const all = Object.entries(counts).map(([hash, [complete, incomplete, downloaded]]) => {
    const infoHash = Buffer.from(hash, 'hex')
    return { infoHash, complete, incomplete, downloaders: incomplete, downloaded }
  })
  const scrape = (infoHash: Uint8Array): SwarmCounts | null =>
    all.find((swarm) => swarm.infoHash.equals(infoHash)) ?? null
  const list = (from: number, limit: number) => {
    const next = from + limit < all.length ? from + limit : null
    return { swarms: all.slice(from, from + limit), next }
  }
  return { scrape, list }
}
