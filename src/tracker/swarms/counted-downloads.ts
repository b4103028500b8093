import { randomBytes } from 'node:crypto'
import { type Slice, SWARM_SIZE, TRACKER_SIZE } from './swarm-records.js'
import type { SwarmTable } from './swarm-table.js'

/**
 * The downloads of swarms that share their peers with other trackers. Each tracker counts those
 * that completed there, and knows the totals of the others: so nothing counts twice, and what is
 * lost on the way is learned with the next total.
 */
export class CountedDownloads {
  /** The name under which this tracker counts: 8 bytes in hexadecimal. */
  id = randomBytes(8).toString('hex')
  /** The downloads that other trackers counted, by the tracker's id and the swarm. */
  readonly #others = new Map<string, Map<number, number>>()

  constructor(private readonly swarms: SwarmTable) {}

  /** The downloads of a swarm that completed at this tracker. */
  own(swarm: number): number {
    let own = this.swarms.downloaded(swarm)
    for (const counts of this.#others.values()) own -= counts.get(swarm) ?? 0
    return own
  }

  /** Learns the total of a tracker. Its own comes back to this one if its state was lost. */
  learn(tracker: string, swarm: number, total: number): void {
    const isOwn = tracker === this.id
    const counts = this.#others.get(tracker) ?? new Map<number, number>()
    const more = total - (isOwn ? this.own(swarm) : (counts.get(swarm) ?? 0))
    // Counts of 32 bits, as in answers over UDP
    if (more <= 0 || this.swarms.downloaded(swarm) + more > 0xffffffff) return
    this.swarms.addDownloads(swarm, more)
    if (!isOwn) this.#others.set(tracker, counts.set(swarm, total))
  }

  /** Forgets the totals of a swarm. */
  forget(swarm: number): void {
    for (const counts of this.#others.values()) counts.delete(swarm)
  }

  /** Writes the totals of the others into slices, each of which is valid until the next. */
  *saveElsewhere(slice: Slice): Generator<Uint8Array, void> {
    for (const [tracker, counts] of this.#others) {
      if (!slice.hasRoom(TRACKER_SIZE)) yield slice.take()
      slice.records.tracker(slice.add(TRACKER_SIZE), tracker)
      for (const swarm of counts.keys()) {
        if (!slice.hasRoom(SWARM_SIZE)) yield slice.take()
        const count = counts.get(swarm)
        if (count === undefined) continue
        slice.records.swarm(slice.add(SWARM_SIZE), this.swarms.infoHash(swarm), count)
      }
    }
  }
}
