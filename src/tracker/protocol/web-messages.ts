import { readEvent } from './http-query.js'
import { malformed } from './refusal.js'
import type { PeerEvent } from '../swarms/swarm-types.js'

/** A message of a WebTorrent client, as bittorrent-tracker reads it. Ids have 20 characters, each a byte. */
export interface WebMessage {
  readonly action: 'announce' | 'scrape'
  /** Of an announce, one. */
  readonly infoHashes: readonly string[]
  /** These are empty in a scrape. */
  readonly peerId: string
  readonly event: PeerEvent
  readonly isComplete: boolean
  /** The peer that an answer is for; null for an announce with offers. */
  readonly to: string | null
  readonly offers: readonly WebOffer[]
}

/** An offer of a connection, or the answer to one. Only the peers read its session description. */
interface WebOffer {
  readonly offer_id: string
  readonly sdp: string
}

/** Most offers of an announce that are handed on. */
const MAX_OFFERS = 10

/** Most characters of an offer's id. Clients have 20. */
const MAX_OFFER_ID = 64

const NO_PEER = { peerId: '', event: 'none', isComplete: false, to: null, offers: [] } as const

/** @throws TrackerRefusal */
export function readWebMessage(bytes: Buffer): WebMessage {
  const { action, info_hash: hash, ...fields } = readObject(bytes)
  if (action === 'scrape') {
    const infoHashes = [hash ?? []].flat().map((each) => readBinary(each, 'info_hash'))
    if (infoHashes.length === 0) throw malformed('name the torrents to scrape')
    return { action, infoHashes, ...NO_PEER }
  }
  if (action !== 'announce') throw malformed('action is neither announce nor scrape')
  const { event, answer, offers, numwant } = fields
  const isAnswer = answer != null
  const offered: unknown[] = Array.isArray(offers) ? offers : []
  const wanted = typeof numwant === 'number' && numwant >= 0 ? numwant : MAX_OFFERS
  return {
    action,
    infoHashes: [readBinary(hash, 'info_hash')],
    peerId: readBinary(fields.peer_id, 'peer_id'),
    event: readEvent(typeof event === 'string' ? event : null),
    isComplete: fields.left === 0,
    to: isAnswer ? readBinary(fields.to_peer_id, 'to_peer_id') : null,
    offers: isAnswer
      ? [readOffer({ offer_id: fields.offer_id, offer: answer })]
      : offered.slice(0, Math.min(wanted, MAX_OFFERS)).map(readOffer),
  }
}

function readObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // As any other value
  }
  throw malformed('the message is not a JSON object')
}

function readBinary(value: unknown, name: string): string {
  // oxlint-disable-next-line no-control-regex -- any byte
  if (typeof value === 'string' && /^[\0-\xff]{20}$/.test(value)) return value
  throw malformed(`${name} does not have 20 bytes`)
}

function readOffer(value: unknown): WebOffer {
  const { offer_id, offer } = Object(value) as Record<string, unknown>
  const { sdp } = Object(offer) as Record<string, unknown>
  const isId = typeof offer_id === 'string' && offer_id.length <= MAX_OFFER_ID
  if (isId && typeof sdp === 'string') return { offer_id, sdp }
  throw malformed('an offer or answer has no offer_id or no sdp')
}
