import { latin1 } from '../../base/bytes.js'
import {
  PEER4_SIZE,
  PEER6_SIZE,
  RecordKind,
  RecordWriter,
  SWARM_SIZE,
  TRACKER_SIZE,
} from '../swarms/swarm-records.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { PeerFlag } from '../swarms/peer-table.js'
import type { SwarmChange } from '../swarms/swarm-types.js'

/** The most changes of peers that are kept while Redis is gone. */
const MAX_CHANGES = 50_000

/** Changes that are sent together. */
export interface Batch {
  /** The time to which all ages refer, in seconds. */
  readonly at: number
  readonly bytes: Buffer
}

/** The changes of this tracker's swarms that the other trackers do not know yet. */
export class PeerChanges {
  /** The last change of each peer, by swarm, address and port. */
  #peers = new Map<string, { readonly record: Uint8Array; readonly at: number }>()
  /** The info hashes of torrents with new completed downloads. */
  #completed = new Set<string>()
  /** The changes that were sent and perhaps did not arrive. */
  #batch: Batch | null = null

  /** `now` returns seconds on the clock of the swarms. */
  constructor(
    private readonly store: Pick<SwarmStore, 'id' | 'ownDownloads'>,
    private readonly now: () => number,
  ) {}

  get isEmpty(): boolean {
    return this.#batch === null && this.#peers.size === 0 && this.#completed.size === 0
  }

  /**
   * Adds a change, whose bytes may be used again. If there are too many, new peers are left out:
   * the other trackers get them with the next snapshot.
   */
  readonly note = ({ announce, flags, isDownload, at }: SwarmChange): void => {
    const { infoHash, peerId, address, port } = announce
    const swarm = latin1(infoHash)
    if (isDownload) this.#completed.add(swarm)
    // Many peers at one address may have no port
    const key = `${swarm}${latin1(address)}${port === 0 ? latin1(peerId) : port}`
    // Anybody may send stops of peers that never were
    const most = (flags & PeerFlag.gone) === 0 ? MAX_CHANGES : MAX_CHANGES / 2
    if (this.#peers.size >= most && !this.#peers.has(key)) return
    const isV6 = (flags & PeerFlag.v6) !== 0
    const writer = new RecordWriter(Buffer.alloc(SWARM_SIZE + (isV6 ? PEER6_SIZE : PEER4_SIZE)))
    writer.swarm(0, infoHash, 0)
    writer.peer(SWARM_SIZE, { ...announce, flags, age: 0 })
    // Last in the order of changes
    this.#peers.delete(key)
    this.#peers.set(key, { record: writer.bytes, at })
  }

  /**
   * Passes all changes to `send`, in the form of a saved state. If that returns false, the same
   * batch is passed again the next time: it may have arrived, and may be applied twice.
   */
  async sendBy(send: (batch: Batch) => Promise<boolean>): Promise<void> {
    while (!this.isEmpty) {
      this.#batch ??= this.#take()
      if (!(await send(this.#batch))) return
      this.#batch = null
    }
  }

  #take(): Batch {
    const now = this.now()
    const head = new RecordWriter(Buffer.alloc(TRACKER_SIZE))
    head.tracker(0, this.store.id)
    const records: Uint8Array[] = [head.bytes]
    for (const swarm of this.#completed) {
      const infoHash = Buffer.from(swarm, 'latin1')
      const writer = new RecordWriter(Buffer.alloc(SWARM_SIZE))
      writer.swarm(0, infoHash, this.store.ownDownloads(infoHash))
      records.push(writer.bytes)
    }
    for (const { record, at } of this.#peers.values()) {
      new RecordWriter(record).age(SWARM_SIZE, Math.max(0, 1000 * (now - at)))
      records.push(record)
    }
    this.#peers = new Map()
    this.#completed = new Set()
    return { at: now, bytes: Buffer.concat([...records, Buffer.of(RecordKind.end)]) }
  }
}
