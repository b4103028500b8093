import { BtkitError } from '../../errors.js'
import { PeerFlag } from './peer-table.js'
import { PEER4_SIZE, PEER6_SIZE, RecordKind, RecordReader, SWARM_SIZE } from './swarm-records.js'
import type { PeerAnnounce, SwarmRestorer } from './swarm-store.js'

/** Receives the records. */
export interface SwarmHandler {
  readonly swarm: (infoHash: Uint8Array, completed: number) => void
  /**
   * Receives a peer of the last swarm; it is valid until the next. `isCounted`: its completed
   * download was counted.
   */
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

/** Reads saved swarms from chunks that may end anywhere. */
export class SwarmReader implements SwarmRestorer {
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

  constructor(private readonly handler: SwarmHandler) {}

  write(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const records = new RecordReader(bytes)
    let at = 0
    while (at < bytes.length) {
      const size = SIZES[bytes[at] ?? 0]
      if (size === undefined || this.#hasEnded) throw damaged('has invalid bytes')
      if (at + size > bytes.length) break
      this.#read(records, at, bytes[at] ?? 0)
      at += size
    }
    // Copied, which `slice` of a Buffer does not do: the caller may reuse its bytes
    this.#rest = new Uint8Array(bytes.subarray(at))
  }

  readonly end = (): void => {
    if (!this.#hasEnded) throw damaged('is cut off')
  }

  #read(records: RecordReader, at: number, kind: number): void {
    if (kind === RecordKind.end) {
      this.#hasEnded = true
    } else if (kind === RecordKind.swarm) {
      this.handler.swarm(records.infoHash(at), records.completed(at))
    } else {
      const isCounted = (records.flags(at) & PeerFlag.completed) !== 0
      this.handler.peer(this.#loadPeer(records, at), records.age(at), isCounted)
    }
  }

  /** Turns a saved peer into an announce, valid until the next peer. */
  #loadPeer(records: RecordReader, at: number): PeerAnnounce {
    const flags = records.flags(at)
    const peer = this.#peer
    records.copyId(at, peer.peerId)
    records.copyAddress(at, peer.address)
    peer.port = records.port(at)
    peer.key = records.key(at)
    if ((flags & PeerFlag.gone) !== 0) peer.event = 'stopped'
    else peer.event = (flags & PeerFlag.partialSeed) === 0 ? 'none' : 'paused'
    peer.isComplete = (flags & PeerFlag.seed) !== 0
    return peer
  }
}

function damaged(why: string): BtkitError {
  return new BtkitError('io', `saved swarms: the state ${why}`)
}
