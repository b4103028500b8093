import { BtkitError } from '../../errors.js'
import { PeerFlag } from './peer-table.js'
import {
  PEER4_SIZE,
  PEER6_SIZE,
  type PeerFields,
  RecordKind,
  RecordReader,
  SWARM_SIZE,
} from './swarm-records.js'
import type { PeerAnnounce, SwarmRestorer } from './swarm-store.js'

/** Hears what is read. */
export interface SwarmHandler {
  readonly swarm: (infoHash: Uint8Array, completed: number) => void
  /** A peer of the swarm before; whether it was counted as completed. */
  readonly peer: (announce: PeerAnnounce, age: number, isCounted: boolean) => void
}

const SIZES: Readonly<Record<number, number>> = {
  [RecordKind.swarm]: SWARM_SIZE,
  [RecordKind.peer4]: PEER4_SIZE,
  [RecordKind.peer6]: PEER6_SIZE,
  [RecordKind.end]: 1,
}

/** Reads saved swarms from bytes that may be cut anywhere. */
export class SwarmReader implements SwarmRestorer {
  readonly #handler: SwarmHandler
  #rest = new Uint8Array(0)
  #hasEnded = false

  constructor(handler: SwarmHandler) {
    this.#handler = handler
  }

  write(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const records = new RecordReader(bytes)
    let at = 0
    while (at < bytes.length) {
      const size = SIZES[bytes[at] ?? 0]
      if (size === undefined || this.#hasEnded) throw damaged('has bytes that mean nothing')
      if (at + size > bytes.length) break
      this.#read(records, at, bytes[at] ?? 0)
      at += size
    }
    // A copy, which `slice` of a Buffer is not: the writer may use its bytes again
    this.#rest = new Uint8Array(bytes.subarray(at))
  }

  readonly end = (): void => {
    if (!this.#hasEnded) throw damaged('is cut off')
  }

  #read(records: RecordReader, at: number, kind: number): void {
    if (kind === RecordKind.end) {
      this.#hasEnded = true
    } else if (kind === RecordKind.swarm) {
      this.#handler.swarm(records.infoHash(at), records.completed(at))
    } else {
      const peer = records.peer(at)
      this.#handler.peer(announceOf(peer), peer.age, (peer.flags & PeerFlag.completed) !== 0)
    }
  }
}

/** What a peer that was saved would say. */
function announceOf({ flags, id, address, port, key }: PeerFields): PeerAnnounce {
  return {
    infoHash: NO_BYTES,
    peerId: id,
    address,
    port,
    key,
    event: (flags & PeerFlag.partialSeed) === 0 ? 'none' : 'paused',
    isComplete: (flags & PeerFlag.seed) !== 0,
    wanted: 0,
    wantsIds: false,
    wantsBothFamilies: false,
  }
}

const NO_BYTES = new Uint8Array(0)

function damaged(why: string): BtkitError {
  return new BtkitError('io', `saved swarms: the state ${why}`)
}
