import { createHash } from 'node:crypto'
import { SwarmStore } from '../../../src/tracker/swarms/swarm-store.js'
import type {
  AnnounceAnswer,
  PeerAnnounce,
  StoreLimits,
} from '../../../src/tracker/swarms/swarm-types.js'

const limits: StoreLimits = {
  maxPeers: 5000,
  maxSwarms: 500,
  maxPerAddress: 5000,
  maxPerAddressInSwarm: 5000,
  peerTimeout: 2700,
  keepsEmpty: false,
}

/** A store with a clock that the test sets. */
export function makeStore(changed: Partial<StoreLimits> = {}) {
  const clock = { now: 1_000_000 }
  const store = new SwarmStore({ ...limits, ...changed }, () => clock.now)
  return { store, clock }
}

/** Twenty bytes derived from a name. */
export function digestOf(name: string): Uint8Array {
  return createHash('sha1').update(name).digest()
}

/** `a.b.c.d` or eight groups of IPv6 as 16 bytes. */
export function addressOf(text: string): Uint8Array {
  const bytes = Buffer.alloc(16)
  if (text.includes(':')) {
    text.split(':').forEach((group, at) => bytes.writeUInt16BE(parseInt(group, 16), 2 * at))
  } else {
    bytes.fill(0xff, 10, 12)
    bytes.set(text.split('.').map(Number), 12)
  }
  return bytes
}

/** An announce of a leecher at 10.0.0.1:6881 in one swarm, with changes. */
export function announceOf(
  wish: Partial<Omit<PeerAnnounce, 'address'>> & { peer?: string; at?: string; torrent?: string },
): PeerAnnounce {
  const { peer = 'peer', at = '10.0.0.1', torrent = 'torrent', ...fields } = wish
  return {
    infoHash: digestOf(torrent),
    peerId: digestOf(peer),
    address: addressOf(at),
    port: 6881,
    key: 0,
    event: 'none',
    isComplete: false,
    wanted: 50,
    wantsIds: false,
    wantsBothFamilies: true,
    ...fields,
  }
}

/** The peers of an answer, as `a.b.c.d:port` or `groups:port`, sorted. */
export function peersOf({ peers4, peers6 }: AnnounceAnswer): string[] {
  const found: string[] = []
  for (let at = 0; at < peers4.length; at += 6) {
    found.push(`${peers4.subarray(at, at + 4).join('.')}:${portAt(peers4, at + 4)}`)
  }
  for (let at = 0; at < peers6.length; at += 18) {
    const hex = Buffer.from(peers6.subarray(at, at + 16)).toString('hex')
    const groups = hex.match(/.{4}/g)!.map((group) => parseInt(group, 16).toString(16))
    found.push(`${groups.join(':')}:${portAt(peers6, at + 16)}`)
  }
  return found.sort()
}

function portAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!
}
