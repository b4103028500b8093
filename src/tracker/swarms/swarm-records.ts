import { BtkitError } from '../../base/errors.js'
import { PeerFlag } from './peer-table.js'
import { DAYS } from './swarm-months.js'
import type { SwarmMonth } from '../../metainfo/swarm-counts.js'
import type { PeerAnnounce } from './swarm-types.js'

/** The first byte of a saved record. */
export const RecordKind = { swarm: 1, peer4: 2, peer6: 3, end: 4, tracker: 5, month: 6 } as const

/** Kind, id of a tracker: the downloads of the swarms that follow were completed there. */
export const TRACKER_SIZE = 1 + 8
/** Kind, info hash, completed. */
export const SWARM_SIZE = 1 + 20 + 4
/** Kind, last day since 1970, and one more than the seeds of each day: 0 if they are not known. */
export const MONTH_SIZE = 1 + 2 + 2 * DAYS
const HEAD = 1 + 1 + 4 + 2 + 4 + 20
/** Kind, flags, age, port, key, peer id, address. */
export const PEER4_SIZE = HEAD + 4
export const PEER6_SIZE = HEAD + 16

/** A peer with an id of 20 bytes and an address of 16. */
interface PeerRecord extends Pick<PeerAnnounce, 'peerId' | 'address' | 'port' | 'key'> {
  /** See `PeerFlag`. */
  readonly flags: number
  /** Seconds since its last announce; milliseconds for other trackers. */
  readonly age: number
}

/** Offsets of id and address in a peer's record. */
const ID_AT = 12
const ADDRESS_AT = HEAD

/** Writes records into bytes, without an object for each. */
export class RecordWriter {
  readonly #view: DataView

  constructor(readonly bytes: Uint8Array) {
    this.#view = viewOf(bytes)
  }

  /** `id` is in hexadecimal. */
  tracker(at: number, id: string): void {
    this.bytes[at] = RecordKind.tracker
    this.bytes.set(Buffer.from(id, 'hex'), at + 1)
  }

  swarm(at: number, infoHash: Uint8Array, completed: number): void {
    this.bytes[at] = RecordKind.swarm
    this.bytes.set(infoHash, at + 1)
    this.#view.setUint32(at + 21, completed)
  }

  /** The month of the swarm before it. */
  month(at: number, { day, seeds }: SwarmMonth): void {
    this.bytes[at] = RecordKind.month
    this.#view.setUint16(at + 1, day)
    for (let n = 0; n < DAYS; n += 1) {
      const count = seeds[seeds.length - DAYS + n] ?? null
      this.#view.setUint16(at + 3 + 2 * n, count === null ? 0 : count + 1)
    }
  }

  /** Writes a peer's record. Of columns, it takes the id and address of the peer of this number. */
  peer(at: number, { flags, age, port, key, peerId, address }: PeerRecord, number = 0): void {
    const isV6 = (flags & PeerFlag.v6) !== 0
    this.bytes[at] = isV6 ? RecordKind.peer6 : RecordKind.peer4
    this.bytes[at + 1] = flags
    this.#view.setUint32(at + 2, age)
    this.#view.setUint16(at + 6, port)
    this.#view.setUint32(at + 8, key)
    // For a few bytes a loop is faster than `set`
    for (let n = 0; n < 20; n += 1) this.bytes[at + ID_AT + n] = peerId[20 * number + n] ?? 0
    const to = at + ADDRESS_AT - (isV6 ? 0 : 12)
    for (let n = isV6 ? 0 : 12; n < 16; n += 1) this.bytes[to + n] = address[16 * number + n] ?? 0
  }

  /** Changes the age in a peer's record. */
  age(at: number, age: number): void {
    this.#view.setUint32(at + 2, age)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Receives the records. */
interface SwarmHandler {
  /** Receives the id of the tracker that counted the downloads of the next swarms. */
  readonly tracker: (id: string) => void
  readonly swarm: (infoHash: Uint8Array, completed: number) => void
  readonly month?: (month: SwarmMonth) => void
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
  [RecordKind.tracker]: TRACKER_SIZE,
  [RecordKind.month]: MONTH_SIZE,
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

const NO_BYTES = new Uint8Array(0)

/** Reads saved swarms from chunks that may end anywhere. Invalid bytes are an error `io`. */
export class SwarmReader {
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
    const view = viewOf(bytes)
    let at = 0
    while (at < bytes.length) {
      const size = SIZES[bytes[at] ?? 0]
      if (size === undefined || this.#hasEnded) throw damaged('has invalid bytes')
      if (at + size > bytes.length) break
      this.#read(bytes, view, at)
      at += size
    }
    // Copied, which `slice` of a Buffer does not do: the caller may reuse its bytes
    this.#rest = new Uint8Array(bytes.subarray(at))
  }

  readonly end = (): void => {
    if (!this.#hasEnded) throw damaged('is cut off')
  }

  #read(bytes: Uint8Array, view: DataView, at: number): void {
    const kind = bytes[at]
    if (kind === RecordKind.end) {
      this.#hasEnded = true
    } else if (kind === RecordKind.tracker) {
      this.handler.tracker(Buffer.from(bytes.subarray(at + 1, at + TRACKER_SIZE)).toString('hex'))
    } else if (kind === RecordKind.swarm) {
      this.handler.swarm(bytes.subarray(at + 1, at + 21), view.getUint32(at + 21))
    } else if (kind === RecordKind.month) {
      const seeds = Array.from({ length: DAYS }, (_, n) => {
        const count = view.getUint16(at + 3 + 2 * n)
        return count === 0 ? null : count - 1
      })
      this.handler.month?.({ day: view.getUint16(at + 1), seeds })
    } else {
      const flags = bytes[at + 1] ?? 0
      const isCounted = (flags & PeerFlag.completed) !== 0
      this.#loadPeer(bytes, view, at)
      this.handler.peer(this.#peer, view.getUint32(at + 2), isCounted)
    }
  }

  /** Turns a saved peer into an announce, valid until the next peer. */
  #loadPeer(bytes: Uint8Array, view: DataView, at: number): void {
    const flags = bytes[at + 1] ?? 0
    const peer = this.#peer
    for (let n = 0; n < 20; n += 1) peer.peerId[n] = bytes[at + ID_AT + n] ?? 0
    // IPv4 is mapped into IPv6
    const isV6 = bytes[at] === RecordKind.peer6
    if (!isV6) peer.address.fill(0, 0, 10).fill(0xff, 10, 12)
    for (let n = isV6 ? 0 : 12, from = at + ADDRESS_AT; n < 16; n += 1, from += 1) {
      peer.address[n] = bytes[from] ?? 0
    }
    peer.port = view.getUint16(at + 6)
    peer.key = view.getUint32(at + 8)
    if ((flags & PeerFlag.gone) !== 0) peer.event = 'stopped'
    else peer.event = (flags & PeerFlag.partialSeed) === 0 ? 'none' : 'paused'
    peer.isComplete = (flags & PeerFlag.seed) !== 0
  }
}

function damaged(why: string): BtkitError {
  return new BtkitError('io', `saved swarms: the state ${why}`)
}

/** Size of a slice in bytes. Writing one takes a fraction of a millisecond. */
const SLICE = 32 * 1024

/** Consecutive records, always in the same memory. */
export class Slice {
  length = 0
  readonly records = new RecordWriter(new Uint8Array(SLICE))

  /** Whether a record fits. One byte is always left for the end mark. */
  hasRoom(size: number): boolean {
    return this.length + size < SLICE
  }

  /** Reserves space for a record and returns its offset. */
  add(size: number): number {
    this.length += size
    return this.length - size
  }

  /** Adds the end mark, and returns the last bytes. */
  end(): Uint8Array {
    this.records.bytes[this.add(1)] = RecordKind.end
    return this.take()
  }

  /** Returns the written bytes, valid until something is added, and starts over. */
  take(): Uint8Array {
    const taken = this.records.bytes.subarray(0, this.length)
    this.length = 0
    return taken
  }
}
