import type { PeerEvent } from '../swarms/swarm-store.js'
import type { AnnouncedPeer, ClaimedAddresses } from './announced-peer.js'
import { decodeBytes } from './query-bytes.js'
import { hexDigit, readDigits } from './digits.js'
import { fieldsOf, type QueryFields } from './query-fields.js'
import { malformed } from './refusal.js'

/** An announce as a client has sent it. */
export interface AnnounceRequest extends AnnouncedPeer {
  /** How peers are to be spelled: compact (BEP 23), or as dictionaries with or without ids. */
  readonly form: 'compact' | 'full' | 'no-ids'
  /** What a tracker says that asks for its own peers (BitTornado's `tracker=1`); null: a client. */
  readonly tracker: TrackerMark | null
  /** Each character a byte: an aggregator wants one. */
  readonly password: string | null
}

/** What marks the announce of a tracker. */
export interface TrackerMark {
  /** See `proveCall`; null when there is none. */
  readonly proof: string | null
}

const EVENTS: Readonly<Record<string, PeerEvent>> = {
  started: 'started',
  stopped: 'stopped',
  completed: 'completed',
  paused: 'paused',
}

/** Where the bytes of an announce are put. */
export interface AnnounceBytes {
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
}

export function allocateBytes(): AnnounceBytes {
  return { infoHash: new Uint8Array(20), peerId: new Uint8Array(20) }
}

/**
 * Reads the query of an announce, as it stands after the question mark. What is not known is passed
 * over; of an optional field that stands twice the first counts. Who reads one after the other may
 * give the same bytes for all, which is quicker.
 * @throws TrackerRefusal
 */
export function readAnnounce(query: string, bytes = allocateBytes()): AnnounceRequest {
  const fields = fieldsOf(query)
  const { infoHash, peerId, key } = fields
  return {
    infoHash: decodeBytes(required(infoHash, 'info_hash'), 'info_hash', bytes.infoHash),
    peerId: decodeBytes(required(peerId, 'peer_id'), 'peer_id', bytes.peerId),
    port: readPort(required(fields.port, 'port')),
    key: key === null ? 0 : hashKey(key),
    event: readEvent(fields.event),
    isComplete: isNothingLeft(fields.left),
    wanted: readWanted(fields.numwant),
    form: readForm(fields),
    claimed: readClaimed(fields),
    tracker: fields.tracker === null ? null : { proof: fields.trackerProof },
    password: fields.password,
  }
}

function required(value: string | null, name: string): string {
  if (value === null) throw malformed(`${name} is missing`)
  return value
}

function readPort(text: string): number {
  const port = readDigits(text, 6)
  if (!(port <= 65535)) throw malformed('port is not a port')
  return port
}

function readEvent(text: string | null): PeerEvent {
  return text !== null && Object.hasOwn(EVENTS, text) ? (EVENTS[text] ?? 'none') : 'none'
}

/** Who does not say what is left is no seed. */
function isNothingLeft(text: string | null): boolean {
  if (text === '0') return true
  if (text === null || readDigits(text, 15) > 0) return false
  if (!/^-?\d+$/.test(text)) throw malformed('left is not a number')
  return /^0+$/.test(text)
}

/** Trackers of old read the compact form only if they ask for it. */
function readForm({ compact, noPeerId, tracker }: QueryFields): AnnounceRequest['form'] {
  if (tracker === null ? compact !== '0' : compact === '1') return 'compact'
  return noPeerId === '1' ? 'no-ids' : 'full'
}

/** Clients say -1 for what the tracker likes. */
function readWanted(text: string | null): number | null {
  const wanted = text === null ? NaN : readDigits(text, 9)
  return wanted >= 0 ? wanted : null
}

function readClaimed({ ip, ipv4, ipv6 }: QueryFields): ClaimedAddresses | null {
  return ip === null && ipv4 === null && ipv6 === null ? null : { ip, ipv4, ipv6 }
}

/**
 * A key as 32 bits, never 0. Eight hexadecimal digits are the number that the same client sends
 * over UDP; of anything else it is a hash (FNV-1a).
 */
export function hashKey(text: string): number {
  const number = text.length === 8 ? readHex(text) : NaN
  if (number >= 0) return number || 1
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0 || 1
}

/** NaN for what has anything but hexadecimal digits. */
function readHex(text: string): number {
  let number = 0
  for (let at = 0; at < text.length; at += 1) number = 16 * number + hexDigit(text, at)
  return number
}
