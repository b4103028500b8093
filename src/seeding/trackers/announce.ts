import { encodePercent } from '../../base/percent.js'
import { isIP, isIPv4 } from 'node:net'
import { isByteString, type BencodeValue } from '../../metainfo/bencode/value.js'
import type { Branded, InfoHash } from '../../metainfo/values.js'
import { askTracker, intervalIn, percentEncoded } from './http-scrape.js'
import { answeredWithin, quoteBytes } from './swarm-counts.js'
import { ANNOUNCE, askUdp } from './udp-scrape.js'

/** Milliseconds that a tracker has for its answer. */
const TIMEOUT = 15_000

/** The longest identifier of a tracker that is repeated, in bytes. */
const MOST_ID = 1024

/** A URL of a tracker that can be asked. Some names of trackers in torrents can't. */
export type AnnounceUrl = Branded<string, 'AnnounceUrl'>

/** A seed's announce to one tracker (BEP 3). Hashes and ids are 20 bytes in hexadecimal. */
export interface Announce {
  readonly url: AnnounceUrl
  /** The only family of the tracker's addresses to announce to. */
  readonly family?: 4 | 6 | undefined
  readonly infoHash: InfoHash
  readonly peerId: string
  /** The IP address to name; null for the one that the tracker sees. */
  readonly address: string | null
  readonly port: number
  /** Bytes sent to peers so far. */
  readonly uploaded: number
  readonly event: 'started' | 'stopped' | null
  /** Most peers to name. */
  readonly wanted: number
  /** Identifies the client to the tracker if its address changes. */
  readonly key: number
  /** The identifier that the tracker gave, encoded for a URL; null if it gave none. */
  readonly trackerId: string | null
  readonly signal: AbortSignal
}

/** A peer that a tracker names. */
interface NamedPeer {
  /** An IP address or a DNS name. */
  readonly host: string
  readonly port: number
}

/** The answer of a tracker. */
export interface AnnouncedPeers {
  /** Seconds until the next announce: the tracker's interval, or its minimum if that is longer. */
  readonly interval: number
  /** An identifier to repeat, encoded for a URL; null to repeat the last one. */
  readonly trackerId: string | null
  /** The tracker's warning, in quotes; null if there is none. */
  readonly warning: string | null
  readonly peers: readonly NamedPeer[]
}

/**
 * Announces a seed to a tracker, over HTTP or UDP as its URL says.
 * @throws ScrapeFailure
 */
export async function announceSeed(announce: Announce): Promise<AnnouncedPeers> {
  const { signal, url } = announce
  return answeredWithin({ timeoutMs: TIMEOUT, signal }, (bounded) => {
    const own = { ...announce, signal: bounded }
    return /^udp:/i.test(url) ? announceUdp(own) : announceHttp(own)
  })
}

/** Whether trackers of this kind can be announced to. */
export function canAnnounce(url: string): url is AnnounceUrl {
  return /^(https?|udp):/i.test(url) && URL.canParse(url)
}

async function announceHttp({ url, signal, family, ...own }: Announce): Promise<AnnouncedPeers> {
  const [infoHash, peerId] = [percentEncoded(own.infoHash), percentEncoded(own.peerId)]
  const query = [
    `info_hash=${infoHash}&peer_id=${peerId}&port=${own.port}`,
    `uploaded=${own.uploaded}&downloaded=0&left=0&compact=1&numwant=${own.wanted}`,
    `key=${own.key.toString(16).padStart(8, '0')}`,
    ...(own.event === null ? [] : [`event=${own.event}`]),
    ...(own.address === null ? [] : [`ip=${encodePercent(own.address)}`]),
    ...(own.trackerId === null ? [] : [`trackerid=${own.trackerId}`]),
  ].join('&')
  const address = new URL(url)
  address.hash = ''
  const answer = await askTracker(address.href, query, 'an announce', signal, family)
  const [id, warning] = [answer.get('tracker id'), answer.get('warning message')]
  return {
    interval: intervalIn(answer),
    trackerId: isByteString(id) && id.length <= MOST_ID ? encodeBytes(id) : null,
    warning: isByteString(warning) ? quoteBytes(warning) : null,
    peers: [...peersIn(answer.get('peers')), ...compactPeers(answer.get('peers6'), 16)],
  }
}

function encodeBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1')
  const encode = (char: string) => percentEncoded(Buffer.from(char, 'latin1').toString('hex'))
  return text.replace(/[^\w.~-]/g, encode)
}

const EVENTS = { started: 2, stopped: 3 } as const

/** Announces a torrent of which nothing is left to download. */
async function announceUdp(announce: Announce): Promise<AnnouncedPeers> {
  const { url, infoHash, peerId, event } = announce
  const address = announce.address ?? ''
  const rest = Buffer.alloc(42)
  rest.writeBigUInt64BE(BigInt(announce.uploaded), 16)
  rest.writeUInt32BE(event === null ? 0 : EVENTS[event], 24)
  // No other fits
  if (isIPv4(address)) rest.set(address.split('.').map(Number), 28)
  rest.writeUInt32BE(announce.key, 32)
  rest.writeInt32BE(announce.wanted, 36)
  rest.writeUInt16BE(announce.port, 40)
  const body = Buffer.concat([Buffer.from(infoHash + peerId, 'hex'), rest, urlData(url)])
  const { answer, family } = await askUdp(announce, ANNOUNCE, body)
  // Over IPv6 the addresses are those of IPv6 (BEP 15)
  const peers = compactPeers(answer.subarray(12), family === 6 ? 16 : 4)
  return { interval: answer.readUInt32BE(0), trackerId: null, warning: null, peers }
}

/** The most bytes in an option of BEP 41, and its kind. */
const MOST_URL_DATA = 255
const URL_DATA = 2

/** The path and query of a tracker's URL as options after an announce over UDP (BEP 41). */
function urlData(url: string): Buffer {
  const { pathname, search } = new URL(url)
  const bytes = Buffer.from(pathname + search)
  const count = Math.ceil(bytes.length / MOST_URL_DATA)
  return Buffer.concat(
    Array.from({ length: count }, (_, n) => {
      const part = bytes.subarray(n * MOST_URL_DATA, (n + 1) * MOST_URL_DATA)
      return Buffer.concat([Buffer.of(URL_DATA, part.length), part])
    }),
  )
}

/** Peers as BEP 23 has them, or as a list of dictionaries. */
function peersIn(value: BencodeValue | undefined): NamedPeer[] {
  if (!Array.isArray(value)) return compactPeers(value, 4)
  return value.flatMap((each) => {
    if (!(each instanceof Map)) return []
    const [host, port] = [each.get('ip'), each.get('port')]
    if (!isByteString(host) || typeof port !== 'number') return []
    return [{ host: Buffer.from(host).toString('latin1'), port }].filter(isCallable)
  })
}

/** Peers in compact form, with addresses of so many bytes (BEP 23, BEP 7). */
export function compactPeers(value: BencodeValue | undefined, length: 4 | 16): NamedPeer[] {
  if (!isByteString(value)) return []
  const bytes = Buffer.from(value)
  return Array.from({ length: Math.floor(bytes.length / (length + 2)) }, (_, n) => {
    const at = n * (length + 2)
    const address = bytes.subarray(at, at + length)
    const groups = Array.from({ length: length / 2 }, (_, g) => address.readUInt16BE(2 * g))
    const host = length === 4 ? address.join('.') : groups.map((g) => g.toString(16)).join(':')
    return { host, port: bytes.readUInt16BE(at + length) }
  })
}

/** Whether a peer has an address or a DNS name (BEP 3), and a port. */
function isCallable({ host, port }: NamedPeer): boolean {
  const isName = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i.test(host)
  const isHost = isIP(host) !== 0 || (isName && /[a-z]/i.test(host))
  return isHost && Number.isInteger(port) && port > 0 && port < 65_536
}
