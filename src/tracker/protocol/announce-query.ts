import type { PeerEvent } from '../swarms/swarm-types.js'
import type { AnnouncedPeer, ClaimedAddresses } from './announced-peer.js'
import { decodeBytes } from './query-bytes.js'
import { hexDigit, readDigits } from './digits.js'
import { fieldsOf, type QueryFields } from './query-fields.js'
import { malformed } from './refusal.js'

/** An announce over HTTP. */
export interface AnnounceRequest extends AnnouncedPeer {
  /** The requested form of peers: compact (BEP 23), or dictionaries with or without ids. */
  readonly form: 'compact' | 'full' | 'no-ids'
}

const EVENTS: Readonly<Record<string, PeerEvent>> = {
  started: 'started',
  stopped: 'stopped',
  completed: 'completed',
  paused: 'paused',
}

/** Buffers for the bytes of an announce. */
export interface AnnounceBytes {
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
}

export function allocateBytes(): AnnounceBytes {
  return { infoHash: new Uint8Array(20), peerId: new Uint8Array(20) }
}

/**
 * Reads the query of an announce, without its question mark. Unknown fields are ignored. If an
 * optional field appears twice, the first one counts.
 * To save time, a caller may pass the same `bytes` each time; they are overwritten by the next
 * call.
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

/** A client that does not send `left` does not count as a seed. */
function isNothingLeft(text: string | null): boolean {
  if (text === '0') return true
  if (text === null || readDigits(text, 15) > 0) return false
  if (!/^-?\d+$/.test(text)) throw malformed('left is not a number')
  return /^0+$/.test(text)
}

function readForm({ compact, noPeerId }: QueryFields): AnnounceRequest['form'] {
  if (compact !== '0') return 'compact'
  return noPeerId === '1' ? 'no-ids' : 'full'
}

/** Clients send -1 for the tracker's default. */
function readWanted(text: string | null): number | null {
  const wanted = text === null ? NaN : readDigits(text, 9)
  return wanted >= 0 ? wanted : null
}

function readClaimed({ ip, ipv4, ipv6 }: QueryFields): ClaimedAddresses | null {
  return ip === null && ipv4 === null && ipv6 === null ? null : { ip, ipv4, ipv6 }
}

/**
 * Converts a key to 32 bits, never 0. Eight hexadecimal digits are read as a number, because the
 * same client sends that number over UDP. Other keys are hashed (FNV-1a).
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

/** Returns NaN if a character is not a hexadecimal digit. */
function readHex(text: string): number {
  let number = 0
  for (let at = 0; at < text.length; at += 1) number = 16 * number + hexDigit(text, at)
  return number
}
