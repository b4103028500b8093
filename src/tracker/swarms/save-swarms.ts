import type { IndexLists } from './index-lists.js'
import type { PeerTable } from './peer-table.js'
import { PeerFlag } from './peer-table.js'
import {
  ADDRESS_AT,
  ID_AT,
  PEER4_SIZE,
  PEER6_SIZE,
  RecordKind,
  SWARM_SIZE,
  TRACKER_SIZE,
  RecordWriter,
} from './swarm-records.js'
import { LISTS_PER_SWARM } from './store-memory.js'
import type { Downloads } from './downloads.js'
import type { SwarmTable } from './swarm-table.js'

export interface SavedParts {
  readonly peers: PeerTable
  readonly swarms: SwarmTable
  readonly lists: IndexLists
  readonly now: () => number
  /** Peers with one of these flags are left out. */
  readonly without: number
  readonly downloads: Downloads
}

/** Size of a slice in bytes. Writing one takes a fraction of a millisecond. */
const SLICE = 32 * 1024

/**
 * The lists of a swarm in saving order. A leecher that becomes a seed meanwhile is saved at least
 * once.
 */
const LISTS = [0, PeerFlag.v6, PeerFlag.seed, PeerFlag.seed + PeerFlag.v6] as const

/**
 * Yields all swarms as bytes. Each slice is valid until the next.
 * Lists are read from their ends: if a peer leaves meanwhile, the peer that takes its place has
 * already been saved.
 */
export function* saveSwarms(parts: SavedParts): Generator<Uint8Array, void> {
  const slice = new Slice()
  // All ages refer to the start of the save
  const second = Math.floor(parts.now())
  const { id, elsewhere } = parts.downloads
  slice.records.tracker(slice.add(TRACKER_SIZE), id)
  for (let swarm = 1; swarm <= parts.swarms.highest; swarm += 1) {
    if (swarm % 256 === 0 && slice.length === 0) yield new Uint8Array(0)
    if (!parts.swarms.isInUse(swarm)) continue
    if (!slice.hasRoom(SWARM_SIZE)) yield slice.take()
    const infoHash = parts.swarms.infoHashOf(swarm)
    const total = parts.swarms.columns.completed[swarm] ?? 0
    slice.records.swarm(slice.add(SWARM_SIZE), infoHash, total - parts.downloads.others(infoHash))
    yield* savePeers(parts, { swarm, infoHash, second }, slice)
  }
  for (const [tracker, counts] of elsewhere) {
    if (!slice.hasRoom(TRACKER_SIZE)) yield slice.take()
    slice.records.tracker(slice.add(TRACKER_SIZE), tracker)
    for (const [infoHash, count] of counts) {
      if (!slice.hasRoom(SWARM_SIZE)) yield slice.take()
      slice.records.swarm(slice.add(SWARM_SIZE), Buffer.from(infoHash, 'latin1'), count)
    }
  }
  putEnd(slice)
  yield slice.take()
}

/** The swarm being saved. Ages refer to `second`. */
interface SavedSwarm {
  readonly swarm: number
  readonly infoHash: Uint8Array
  readonly second: number
}

function* savePeers(
  { peers, swarms, lists, without }: SavedParts,
  { swarm, infoHash, second }: SavedSwarm,
  slice: Slice,
): Generator<Uint8Array, void> {
  for (const kind of LISTS) {
    const list = LISTS_PER_SWARM * swarm + kind
    for (let at = lists.length(list) - 1; at >= 0; at -= 1) {
      if (!slice.hasRoom(PEER6_SIZE)) {
        yield slice.take()
        // The place may meanwhile hold another swarm
        if (!swarms.isAt(swarm, infoHash)) return
      }
      // The list may have become shorter
      at = Math.min(at, lists.length(list) - 1)
      if (at < 0) continue
      const peer = lists.at(list, at)
      const isLeftOut = ((peers.columns.flags[peer] ?? 0) & without) !== 0
      if (!isLeftOut) putPeer(peers, peer, { slice, second })
    }
  }
}

function putPeer(
  peers: PeerTable,
  peer: number,
  { slice, second }: { readonly slice: Slice; readonly second: number },
): void {
  const { columns } = peers
  const flags = columns.flags[peer] ?? 0
  const at = slice.add((flags & PeerFlag.v6) === 0 ? PEER4_SIZE : PEER6_SIZE)
  slice.records.peer(at, {
    flags,
    age: Math.max(0, second - (columns.heard[peer] ?? 0)),
    port: columns.ports[peer] ?? 0,
    key: columns.keys[peer] ?? 0,
  })
  peers.copyId(peer, slice.records.bytes, at + ID_AT)
  peers.copyAddress(peer, slice.records.bytes, at + ADDRESS_AT)
}

function putEnd(slice: Slice): void {
  slice.records.bytes[slice.add(1)] = RecordKind.end
}

/** Consecutive records, always in the same memory. */
class Slice {
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

  /** Returns the written bytes, valid until something is added, and starts over. */
  take(): Uint8Array {
    const taken = this.records.bytes.subarray(0, this.length)
    this.length = 0
    return taken
  }
}
