import { tryOr } from '../../base/errors.js'
import type { AnnouncedPeer } from '../answers/tracker-answers.js'
import { readEvent } from './http-query.js'
import { malformed } from '../answers/refusal.js'

/**
 * A message of a WebTorrent client, as bittorrent-tracker reads it. Ids have 20 characters, each a
 * byte.
 */
export type WebMessage = WebScrape | WebAnnounce

export interface WebScrape {
  readonly action: 'scrape'
  readonly hashes: readonly string[]
}

/** An announce with offers, or with the answer to one, which is for the peer `to`. */
export interface WebAnnounce extends AnnouncedPeer {
  readonly action: 'announce'
  readonly hash: string
  readonly id: string
  readonly to: string | null
  readonly offers: readonly WebOffer[]
}

/** An offer of a connection, or the answer to one. Only the peers read its session description. */
export interface WebOffer {
  readonly offer_id: string
  readonly sdp: string
}

/** Most offers of an announce that are handed on. */
export const MAX_OFFERS = 10

/** Most torrents of a scrape: as many as fit into a request over HTTP. */
const MAX_SCRAPED = 256

/** Most characters of an offer's id. Clients have 20. */
const MAX_OFFER_ID = 64

/**
 * Reads a message. `key` is that of all peers over WebSocket, for the store.
 * @throws TrackerRefusal
 */
export function readWebMessage(text: Buffer, key: number): WebMessage {
  const read = tryOr(undefined, () => JSON.parse(text.toString()) as unknown)
  if (read === undefined) throw malformed('the message is not JSON')
  const fields = Object(read) as Record<string, unknown>
  const { action, info_hash, event, answer, offers, numwant } = fields
  if (action === 'scrape') {
    const named: unknown[] = [info_hash ?? []].flat()
    if (named.length === 0 || named.length > MAX_SCRAPED)
      throw malformed(`name the torrents to scrape, at most ${MAX_SCRAPED}`)
    return { action, hashes: named.map((hash) => readBinary(hash, 'info_hash')) }
  }
  if (action !== 'announce') throw malformed('action is neither announce nor scrape')
  const hash = readBinary(info_hash, 'info_hash')
  const id = readBinary(fields.peer_id, 'peer_id')
  const isAnswer = answer != null
  const offered: unknown[] = Array.isArray(offers) ? offers : []
  const most = typeof numwant === 'number' && numwant >= 0 ? numwant : MAX_OFFERS
  return {
    action,
    hash,
    id,
    infoHash: bytesOf(hash),
    peerId: bytesOf(id),
    port: 0,
    key,
    event: readEvent(typeof event === 'string' ? event : null),
    isComplete: fields.left === 0,
    wanted: 0,
    claimed: null,
    to: isAnswer ? readBinary(fields.to_peer_id, 'to_peer_id') : null,
    offers: isAnswer
      ? [readOffer({ offer_id: fields.offer_id, offer: answer })]
      : offered.slice(0, Math.min(most, MAX_OFFERS)).map(readOffer),
  }
}

function readBinary(value: unknown, name: string): string {
  // oxlint-disable-next-line no-control-regex -- any byte
  if (typeof value === 'string' && /^[\0-\xff]{20}$/.test(value)) return value
  throw malformed(`${name} does not have 20 bytes`)
}

/** The bytes of an info hash or peer id. */
export function bytesOf(binary: string): Uint8Array {
  const bytes = new Uint8Array(20)
  for (let at = 0; at < 20; at += 1) bytes[at] = binary.charCodeAt(at)
  return bytes
}

function readOffer(value: unknown): WebOffer {
  const { offer_id, offer } = Object(value) as Record<string, unknown>
  const { sdp } = Object(offer) as Record<string, unknown>
  const isId = typeof offer_id === 'string' && offer_id.length <= MAX_OFFER_ID
  if (isId && typeof sdp === 'string') return { offer_id, sdp }
  throw malformed('an offer or answer has no offer_id or no sdp')
}
