import { latin1 } from '../../base/bytes.js'
import { malformed } from '../answers/refusal.js'
import type { AnnouncedPeer } from '../answers/tracker-answers.js'
import type { PeerEvent } from '../swarms/swarm-types.js'
import { infoHashOfBytes, readSwarmHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'

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
export function allocateBytes() {
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
    claimed: fields.ip,
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

/** The event with this name; "none" for any other. */
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

/** The known fields of an announce; null if missing. Each character stands for a byte. */
class QueryFields {
  /** Still escaped; see `decodeBytes`. */
  infoHash: string | null = null
  /** Still escaped; see `decodeBytes`. */
  peerId: string | null = null
  port: string | null = null
  left: string | null = null
  event: string | null = null
  numwant: string | null = null
  compact: string | null = null
  noPeerId: string | null = null
  key: string | null = null
  ip: string | null = null
}

/**
 * Reads the fields of a query. If a field appears twice, the first one counts.
 * @throws TrackerRefusal if `info_hash`, `peer_id` or `port` appears twice
 */
function fieldsOf(query: string): QueryFields {
  const fields = new QueryFields()
  let at = 0
  let equals = 0
  while (at < query.length) {
    let end = query.indexOf('&', at)
    if (end === -1) end = query.length
    // Of many fields without a value, each would look through the rest of the query
    if (equals !== -1 && equals <= at) equals = query.indexOf('=', at)
    if (equals !== -1 && equals < end) {
      setField(fields, decodeText(query.slice(at, equals)), query.slice(equals + 1, end))
    }
    at = end + 1
  }
  return fields
}

/** A switch, because access by a computed name is slower. */
function setField(fields: QueryFields, name: string, value: string): void {
  switch (name) {
    case 'info_hash':
      fields.infoHash = once(fields.infoHash, value, name)
      break
    case 'peer_id':
      fields.peerId = once(fields.peerId, value, name)
      break
    case 'port':
      fields.port = once(fields.port, decodeText(value), name)
      break
    case 'left':
      fields.left ??= decodeText(value)
      break
    case 'event':
      fields.event ??= decodeText(value)
      break
    case 'numwant':
      fields.numwant ??= decodeText(value)
      break
    case 'compact':
      fields.compact ??= decodeText(value)
      break
    case 'no_peer_id':
      fields.noPeerId ??= decodeText(value)
      break
    case 'key':
      fields.key ??= decodeText(value)
      break
    case 'ip':
      fields.ip ??= decodeText(value)
      break
    default:
  }
}

function once(before: string | null, value: string, name: string): string {
  if (before !== null) throw malformed(`${name} appears twice`)
  return value
}

/**
 * The info hashes in a scrape's query, sorted by bytes and without duplicates. Empty if the scrape
 * asks for all torrents.
 * @throws TrackerRefusal
 */
export function readScrape(query: string): Uint8Array[] {
  const found = new Map<string, Uint8Array>()
  for (const field of query.split('&')) {
    const equals = field.indexOf('=')
    if (equals === -1 || decodeText(field.slice(0, equals)) !== 'info_hash') continue
    const infoHash = decodeBytes(field.slice(equals + 1), 'info_hash', new Uint8Array(20))
    found.set(latin1(infoHash), infoHash)
  }
  // Bencode sorts keys by bytes, which is the order of latin1 characters
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, infoHash]) => infoHash)
}

const PERCENT = 0x25

/**
 * Decodes a query value into `bytes` and returns them. `%xx` is one byte; any other character,
 * including a plus, stands for itself.
 * @throws TrackerRefusal if the value does not fill `bytes` exactly
 */
function decodeBytes(value: string, name: string, bytes: Uint8Array): Uint8Array {
  const count = bytes.length
  let length = 0
  let at = 0
  for (; at < value.length && length < count; length += 1) {
    const code = value.charCodeAt(at)
    if (code === PERCENT) {
      const byte = 16 * hexDigit(value, at + 1) + hexDigit(value, at + 2)
      if (!(byte >= 0)) throw malformed(`${name} is not percent-encoded`)
      bytes[length] = byte
      at += 3
    } else {
      bytes[length] = code
      at += 1
    }
  }
  if (length < count || at < value.length) throw malformed(`${name} does not have ${count} bytes`)
  return bytes
}

/**
 * Decodes the name or value of a field (RFC 3986). Each character of the result is a byte.
 * A plus stays a plus. An invalid escape stays as it is, such as the zone in `fe80::1%eth0`.
 */
function decodeText(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(parseInt(digits, 16))
  })
}

const FIELDS: readonly string[] = ['info_hash', 'hash']

/**
 * Reads the info hash in a query, as 40 hexadecimal digits, 64 for version 2, or as 20 escaped
 * bytes like in announces. Returns null if there is none.
 */
export function infoHashOf(query: string): InfoHash | null {
  const fields = query.split('&').map((field) => field.split(/=(.*)/s).map(decodeText))
  const [, value = ''] = fields.find(([name = '']) => FIELDS.includes(name)) ?? []
  if (value.length === 20) return infoHashOfBytes(Buffer.from(value, 'latin1'))
  return readSwarmHash(value)
}

const ZERO = 0x30

/** Reads a number of at most `most` decimal digits; NaN for anything else. */
function readDigits(text: string, most: number): number {
  if (text.length === 0 || text.length > most) return NaN
  let number = 0
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return NaN
    number = 10 * number + digit
  }
  return number
}

/** The value of the hexadecimal digit at an index; NaN for other characters. */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at)
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN
}
