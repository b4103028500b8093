import { latin1 } from '../../base/bytes.js'
import type { AnnounceNotes } from '../answers/tracker-answers.js'
import type { AnnounceRequest } from './http-query.js'
import { formatAddress } from '../swarms/peer-address.js'
import type { AnnounceAnswer, SwarmCounts } from '../swarms/swarm-types.js'

/**
 * Bencodes the answer to an announce.
 * Each character of the result is a byte (latin1), because Node sends the head and body of a
 * response together if both are strings.
 */
export function formatAnnounce(
  answer: AnnounceAnswer,
  notes: AnnounceNotes,
  form: AnnounceRequest['form'],
): string {
  const own = notes.isV6 ? latin1(notes.address) : ownV4(notes.address)
  const warning = notes.warning === null ? '' : `15:warning message${text(notes.warning)}`
  return (
    `d8:completei${answer.complete}e10:downloadedi${answer.downloaded}e` +
    `11:external ip${own.length}:${own}10:incompletei${answer.incomplete}e` +
    `8:intervali${notes.interval}e12:min intervali${notes.minInterval}e` +
    `${form === 'compact' ? compactPeers(answer, notes.isV6) : fullPeers(answer, form)}${warning}e`
  )
}

function compactPeers({ peers4, peers6 }: AnnounceAnswer, isV6: boolean): string {
  const compact = `5:peers${peers4.length}:${latin1(peers4)}`
  if (peers6.length === 0 && !isV6) return compact
  return `${compact}6:peers6${peers6.length}:${latin1(peers6)}`
}

function fullPeers(
  { peers4, peers6, ids4, ids6 }: AnnounceAnswer,
  form: 'full' | 'no-ids',
): string {
  const withIds = form === 'full'
  const families = [
    { peers: peers4, ids: ids4, size: 4 },
    { peers: peers6, ids: ids6, size: 16 },
  ]
  const list = families.flatMap(({ peers, ids, size }) => {
    return Array.from({ length: peers.length / (size + 2) }, (_, n) => {
      const peer = peers.subarray(n * (size + 2), (n + 1) * (size + 2))
      return fullPeer(peer, withIds ? ids.subarray(20 * n, 20 * n + 20) : null)
    })
  })
  return `5:peersl${list.join('')}e`
}

function fullPeer(peer: Uint8Array, id: Uint8Array | null): string {
  const size = peer.length - 2
  const address = size === 4 ? peer.subarray(0, 4).join('.') : formatAddress(peer.subarray(0, 16))
  const port = (peer[size] ?? 0) * 256 + (peer[size + 1] ?? 0)
  const ofId = id === null ? '' : `7:peer id20:${latin1(id)}`
  return `d2:ip${address.length}:${address}${ofId}4:porti${port}ee`
}

/** Bencodes the counts of one torrent in a scrape (BEP 48, BEP 21). */
export function formatScraped(infoHash: Uint8Array, counts: SwarmCounts): string {
  return (
    `20:${latin1(infoHash)}d8:completei${counts.complete}e10:downloadedi${counts.downloaded}e` +
    `11:downloadersi${counts.downloaders}e10:incompletei${counts.incomplete}ee`
  )
}

/** Bencodes the answer to a scrape. The torrents must be sorted by info hash. */
export function formatScrape(scraped: readonly string[], minInterval: number): string {
  return `d5:filesd${scraped.join('')}e5:flagsd20:min_request_intervali${minInterval}eee`
}

/**
 * Bencodes a failure with its reason, and the minutes until the next try (BEP 31) if they are
 * known.
 */
export function formatFailure(reason: string, retryIn: number | null): string {
  const retry = retryIn === null ? '' : `8:retry ini${retryIn}e`
  return `d14:failure reason${text(reason)}${retry}e`
}

/** A bencoded string of UTF-8 text. */
function text(words: string): string {
  const bytes = Buffer.from(words, 'utf8')
  return `${bytes.length}:${bytes.toString('latin1')}`
}

/** The bytes of a mapped IPv4 address as characters. Faster than a view for so few bytes. */
function ownV4(address: Uint8Array): string {
  return String.fromCharCode(address[12] ?? 0, address[13] ?? 0, address[14] ?? 0, address[15] ?? 0)
}
