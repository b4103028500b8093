import {
  ADDRESS_AT,
  ID_AT,
  PEER4_SIZE,
  PEER6_SIZE,
  RecordKind,
  RecordWriter,
  SWARM_SIZE,
} from '../swarms/swarm-records.js'
import { PeerFlag } from '../swarms/peer-table.js'
import type { SwarmChange } from '../swarms/swarm-store.js'

/** The most changes of peers that are kept while Redis is gone. */
const MAX_CHANGES = 50_000

/** Changes that are sent together. */
export interface Batch {
  /** Begins at 1. */
  readonly number: number
  /** The time to which all ages refer, in seconds. */
  readonly at: number
  readonly bytes: Buffer
  /** Completed downloads, by info hash. */
  readonly downloads: ReadonlyMap<string, number>
}

/** The changes of this tracker's swarms that the other trackers do not know yet. */
export class PeerChanges {
  /** The last change of each peer, by swarm, address and port. */
  #peers = new Map<string, { readonly record: Uint8Array; readonly at: number }>()
  /** Completed downloads, by info hash. */
  #downloads = new Map<string, number>()
  /** The changes that were sent and perhaps did not arrive. */
  #batch: Batch | null = null
  #batches = 0

  /** `now` returns seconds on the clock of the swarms. */
  constructor(private readonly now: () => number) {}

  get isEmpty(): boolean {
    return this.#batch === null && this.#peers.size === 0 && this.#downloads.size === 0
  }

  /**
   * Adds a change, whose bytes may be used again. If there are too many, new peers are left out:
   * the other trackers get them with the next snapshot.
   */
  readonly note = ({ announce, flags, isDownload }: SwarmChange): void => {
    const { infoHash, address, port } = announce
    const swarm = latin1(infoHash)
    if (isDownload) this.#downloads.set(swarm, (this.#downloads.get(swarm) ?? 0) + 1)
    const key = `${swarm}${latin1(address)}${port}`
    if (this.#peers.size >= MAX_CHANGES && !this.#peers.has(key)) return
    const isV6 = (flags & PeerFlag.v6) !== 0
    const writer = new RecordWriter(Buffer.alloc(SWARM_SIZE + (isV6 ? PEER6_SIZE : PEER4_SIZE)))
    writer.swarm(0, infoHash, 0)
    writer.peer(SWARM_SIZE, { flags, age: 0, port, key: announce.key })
    writer.bytes.set(announce.peerId, SWARM_SIZE + ID_AT)
    writer.bytes.set(isV6 ? address : address.subarray(12), SWARM_SIZE + ADDRESS_AT)
    // Last in the order of changes
    this.#peers.delete(key)
    this.#peers.set(key, { record: writer.bytes, at: this.now() })
  }

  /** The downloads of a swarm that the other trackers do not know yet. */
  downloadsOf(infoHash: Uint8Array): number {
    if (this.#downloads.size === 0 && this.#batch === null) return 0
    const swarm = latin1(infoHash)
    return (this.#downloads.get(swarm) ?? 0) + (this.#batch?.downloads.get(swarm) ?? 0)
  }

  /**
   * Passes all changes to `send`, in the form of a saved state. If that returns false, the same
   * batch is passed again the next time: it may have arrived.
   */
  async sendBy(send: (batch: Batch) => Promise<boolean>): Promise<void> {
    while (!this.isEmpty) {
      this.#batch ??= this.#take()
      if (!(await send(this.#batch))) return
      this.#batch = null
    }
  }

  #take(): Batch {
    const bytes = this.#format(this.#peers, this.#downloads)
    this.#batches += 1
    const batch = { number: this.#batches, at: this.now(), bytes, downloads: this.#downloads }
    this.#peers = new Map()
    this.#downloads = new Map()
    return batch
  }

  #format(
    peers: ReadonlyMap<string, { readonly record: Uint8Array; readonly at: number }>,
    downloads: ReadonlyMap<string, number>,
  ): Buffer {
    const now = this.now()
    const records: Uint8Array[] = []
    for (const [swarm, count] of downloads) {
      const writer = new RecordWriter(Buffer.alloc(SWARM_SIZE))
      writer.swarm(0, Buffer.from(swarm, 'latin1'), count)
      records.push(writer.bytes)
    }
    for (const { record, at } of peers.values()) {
      new RecordWriter(record).age(SWARM_SIZE, Math.max(0, now - at))
      records.push(record)
    }
    return Buffer.concat([...records, Buffer.of(RecordKind.end)])
  }
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}
