import { randomBytes } from 'node:crypto'
import type { Swarm } from './peer-table.js'
import { type Slice, SWARM_SIZE, TRACKER_SIZE } from './swarm-records.js'

/**
 * The downloads of swarms that share their peers with other trackers. Each tracker counts those
 * that completed there, and knows the totals of the others: so nothing counts twice, and what is
 * lost on the way is learned with the next total.
 */
export class CountedDownloads {
  /** The name under which this tracker counts: 8 bytes in hexadecimal. */
  id = randomBytes(8).toString('hex')
  /** The other trackers that counted downloads. */
  readonly #others = new Set<string>()

  /** The downloads of a swarm that completed at this tracker. */
  own({ downloaded, elsewhere }: Swarm): number {
    let own = downloaded
    for (const count of elsewhere?.values() ?? []) own -= count
    return own
  }

  /** Learns the total of a tracker. Its own comes back to this one if its state was lost. */
  learn(tracker: string, swarm: Swarm, total: number): void {
    const isOwn = tracker === this.id
    const more = total - (isOwn ? this.own(swarm) : (swarm.elsewhere?.get(tracker) ?? 0))
    // Counts of 32 bits, as in answers over UDP
    if (more <= 0 || swarm.downloaded + more > 0xffffffff) return
    swarm.downloaded += more
    if (isOwn) return
    swarm.elsewhere ??= new Map<string, number>()
    swarm.elsewhere.set(tracker, total)
    this.#others.add(tracker)
  }

  /** Writes the totals of the others into slices, each of which is valid until the next. */
  *saveElsewhere(slice: Slice, swarms: ReadonlyMap<string, Swarm>): Generator<Uint8Array, void> {
    for (const tracker of this.#others) {
      if (!slice.hasRoom(TRACKER_SIZE)) yield slice.take()
      slice.records.tracker(slice.add(TRACKER_SIZE), tracker)
      for (const swarm of swarms.values()) {
        const count = swarm.elsewhere?.get(tracker)
        if (count === undefined) continue
        if (!slice.hasRoom(SWARM_SIZE)) yield slice.take()
        slice.records.swarm(slice.add(SWARM_SIZE), bytesOf(swarm), count)
      }
    }
  }
}

export function bytesOf({ infoHash }: Pick<Swarm, 'infoHash'>): Uint8Array {
  return Buffer.from(infoHash, 'latin1')
}
