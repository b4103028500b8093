import type { MemorySwarms } from '../swarms/memory-swarms.js'
import { SwarmReader } from '../swarms/swarm-reader.js'
import type { PeerAnnounce } from '../swarms/swarm-store.js'
import type { SwarmCalls } from './swarm-calls.js'

/** The most events that wait for Redis. Peers that stopped later expire there. */
const MAX_EVENTS = 100_000

/** Calls that go to Redis in one piece: a few milliseconds of its time. */
const BATCH = 100

/** Copies an announce, whose reader uses the bytes again. */
export function copyOf(announce: PeerAnnounce): PeerAnnounce {
  const { infoHash, peerId, address } = announce
  return {
    ...announce,
    infoHash: Uint8Array.from(infoHash),
    peerId: Uint8Array.from(peerId),
    address: Uint8Array.from(address),
  }
}

/** Announces that a peer does not repeat: that it stopped, or completed its download. */
export class MissedEvents {
  #events: PeerAnnounce[] = []

  note(announce: PeerAnnounce): void {
    const { event } = announce
    if ((event !== 'stopped' && event !== 'completed') || this.#events.length >= MAX_EVENTS) return
    this.#events.push({ ...copyOf(announce), wanted: 0 })
  }

  /** Sends all in order. Returns whether that succeeded; if not, the rest stays. */
  async drain(send: (announce: PeerAnnounce) => Promise<boolean>): Promise<boolean> {
    while (this.#events.length > 0) {
      const batch = this.#events.slice(0, BATCH)
      const sent = await Promise.all(batch.map(send))
      if (!sent.every(Boolean)) return false
      this.#events = this.#events.slice(batch.length)
    }
    return true
  }
}

export interface BringInParts {
  /** Peers that were heard of in the last so many seconds. */
  readonly since: number
  readonly calls: SwarmCalls
  /** Makes a call, and returns whether it succeeded. */
  readonly send: (
    infoHash: Uint8Array,
    args: ReturnType<SwarmCalls['announce']>,
  ) => Promise<boolean>
}

/** Sends the peers and counts in memory to Redis. Returns whether that succeeded. */
export async function bringIn(
  memory: MemorySwarms,
  { since, calls, send }: BringInParts,
): Promise<boolean> {
  let infoHash: Uint8Array = new Uint8Array(20)
  let waiting: Promise<boolean>[] = []
  const reader = new SwarmReader({
    swarm: (found, completed) => {
      infoHash = Uint8Array.from(found)
      if (completed > 0) waiting.push(send(infoHash, calls.completed(infoHash, completed)))
    },
    peer: (peer, age, isCounted) => {
      // A second more, as ages are whole seconds
      if (age > since + 1) return
      waiting.push(
        send(infoHash, calls.announce({ ...peer, infoHash }, Math.max(1, age), isCounted)),
      )
    },
  })
  for (const slice of memory.save()) {
    reader.write(slice)
    if (waiting.length < BATCH) continue
    if (!(await allSent(waiting))) return false
    waiting = []
  }
  return allSent(waiting)
}

async function allSent(waiting: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(waiting)).every(Boolean)
}
