import type { IndexLists } from './index-lists.js'
import type { PeerTable } from './peer-table.js'
import { PeerFlag } from './peer-table.js'
import {
  PEER4_SIZE,
  PEER6_SIZE,
  RecordKind,
  SWARM_SIZE,
  writePeer,
  writeSwarm,
} from './swarm-records.js'
import { LISTS_PER_SWARM } from './store-memory.js'
import type { SwarmTable } from './swarm-table.js'

export interface SavedParts {
  readonly peers: PeerTable
  readonly swarms: SwarmTable
  readonly lists: IndexLists
  readonly now: () => number
}

/** The bytes of a slice, which takes a fraction of a millisecond. */
const SLICE = 32 * 1024

/**
 * The lists of a swarm in the order they are saved: a leecher that becomes a seed meanwhile is met
 * at least once.
 */
const LISTS = [0, PeerFlag.v6, PeerFlag.seed, PeerFlag.seed + PeerFlag.v6] as const

/**
 * Writes all swarms, a slice at each step, which lasts until the next. Lists are read from their ends: the peer that takes the
 * place of one that leaves meanwhile comes from the part that is written already.
 */
export function* saveSwarms(parts: SavedParts): Generator<Uint8Array, void> {
  const slice = new Slice()
  for (let swarm = 1; swarm <= parts.swarms.highest; swarm += 1) {
    if (swarm % 256 === 0 && slice.length === 0) yield new Uint8Array(0)
    if (!parts.swarms.isInUse(swarm)) continue
    if (!slice.hasRoom(SWARM_SIZE)) yield slice.take()
    putSwarm(parts, swarm, slice)
    yield* savePeers(parts, swarm, slice)
  }
  putEnd(slice)
  yield slice.take()
}

function* savePeers(parts: SavedParts, swarm: number, slice: Slice): Generator<Uint8Array, void> {
  const infoHash = parts.swarms.infoHashOf(swarm)
  for (const kind of LISTS) {
    const list = LISTS_PER_SWARM * swarm + kind
    for (let at = parts.lists.length(list) - 1; at >= 0; at -= 1) {
      if (!slice.hasRoom(PEER6_SIZE)) {
        yield slice.take()
        // Its place may be another swarm's by now
        if (!parts.swarms.isAt(swarm, infoHash)) return
      }
      // The list may have become shorter
      at = Math.min(at, parts.lists.length(list) - 1)
      if (at >= 0) putPeer(parts, parts.lists.at(list, at), slice)
    }
  }
}

function putSwarm({ swarms }: SavedParts, swarm: number, slice: Slice): void {
  writeSwarm(slice.add(SWARM_SIZE), swarms.infoHashOf(swarm), swarms.columns.completed[swarm] ?? 0)
}

function putPeer({ peers, now }: SavedParts, peer: number, slice: Slice): void {
  const { columns } = peers
  const flags = columns.flags[peer] ?? 0
  const to = slice.add((flags & PeerFlag.v6) === 0 ? PEER4_SIZE : PEER6_SIZE)
  writePeer(to, {
    flags,
    age: Math.max(0, Math.floor(now()) - (columns.heard[peer] ?? 0)),
    port: columns.ports[peer] ?? 0,
    key: columns.keys[peer] ?? 0,
    id: peers.idOf(peer),
    address: peers.addressOf(peer),
  })
}

function putEnd(slice: Slice): void {
  slice.add(1)[0] = RecordKind.end
}

/** Bytes that are written one after the other, always into the same memory. */
class Slice {
  length = 0
  readonly #bytes = new Uint8Array(SLICE)

  /** There is always room for one byte more. */
  hasRoom(size: number): boolean {
    return this.length + size < SLICE
  }

  add(size: number): Uint8Array {
    this.length += size
    return this.#bytes.subarray(this.length - size, this.length)
  }

  /** What was written, which lasts until something is added. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.length)
    this.length = 0
    return taken
  }
}
