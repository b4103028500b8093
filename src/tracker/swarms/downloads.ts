/**
 * The completed downloads that other trackers counted. Each tracker counts its own, and knows the
 * others' totals: so nothing counts twice, and what is lost on the way is learned with the next total.
 */
export class Downloads {
  /** The counts of each other tracker, by info hash as Latin-1. */
  readonly elsewhere = new Map<string, Map<string, number>>()

  /** `id` is the name of this tracker, in hexadecimal: 8 bytes, the same after each restart. */
  constructor(public id: string) {}

  /** The downloads of a swarm that all others counted. */
  others(infoHash: Uint8Array): number {
    if (this.elsewhere.size === 0) return 0
    const hash = latin1(infoHash)
    let sum = 0
    for (const counts of this.elsewhere.values()) sum += counts.get(hash) ?? 0
    return sum
  }

  /** Learns the total of another tracker. Returns how many downloads of them are new. */
  learn(tracker: string, infoHash: Uint8Array, total: number): number {
    let counts = this.elsewhere.get(tracker)
    if (!counts) this.elsewhere.set(tracker, (counts = new Map<string, number>()))
    const hash = latin1(infoHash)
    const more = total - (counts.get(hash) ?? 0)
    if (more <= 0) return 0
    counts.set(hash, total)
    return more
  }

  forget(infoHash: Uint8Array): void {
    const hash = latin1(infoHash)
    for (const counts of this.elsewhere.values()) counts.delete(hash)
  }
}

export function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}
