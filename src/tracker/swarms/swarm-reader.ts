import { BtkitError } from '../../errors.js'
import { PeerFlag } from './peer-table.js'
import { PEER4_SIZE, PEER6_SIZE, RecordKind, RecordReader, SWARM_SIZE } from './swarm-records.js'
import type { PeerAnnounce, SwarmRestorer } from './swarm-store.js'

/** Hears what is read. */
export interface SwarmHandler {
  readonly swarm: (infoHash: Uint8Array, completed: number) => void
  /** A peer of the swarm before, which lasts until the next; whether it was counted as completed. */
  readonly peer: (announce: PeerAnnounce, age: number, isCounted: boolean) => void
}

const SIZES: Readonly<Record<number, number>> = {
  [RecordKind.swarm]: SWARM_SIZE,
  [RecordKind.peer4]: PEER4_SIZE,
  [RecordKind.peer6]: PEER6_SIZE,
  [RecordKind.end]: 1,
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

const NO_BYTES = new Uint8Array(0)

/** Reads saved swarms from bytes that may be cut anywhere. */
export class SwarmReader implements SwarmRestorer {
  readonly #handler: SwarmHandler
  readonly #peer: Writable<PeerAnnounce> = {
    infoHash: NO_BYTES,
    peerId: new Uint8Array(20),
    address: new Uint8Array(16),
    port: 0,
    key: 0,
    event: 'none',
    isComplete: false,
    wanted: 0,
    wantsIds: false,
    wantsBothFamilies: false,
  }
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
      const isCounted = (records.flags(at) & PeerFlag.completed) !== 0
      this.#handler.peer(this.#loadPeer(records, at), records.age(at), isCounted)
    }
  }

  /** What a peer that was saved would say; it lasts until the next. */
  #loadPeer(records: RecordReader, at: number): PeerAnnounce {
    const flags = records.flags(at)
    const peer = this.#peer
    records.copyId(at, peer.peerId)
    records.copyAddress(at, peer.address)
    peer.port = records.port(at)
    peer.key = records.key(at)
    peer.event = (flags & PeerFlag.partialSeed) === 0 ? 'none' : 'paused'
    peer.isComplete = (flags & PeerFlag.seed) !== 0
    return peer
  }
}

function damaged(why: string): BtkitError {
  return new BtkitError('io', `saved swarms: the state ${why}`)
}
