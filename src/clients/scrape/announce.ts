import { callWithin, isTimeout } from '../../bounded-call.js'
import { isByteString, type BencodeValue } from '../../metainfo/bencode/value.js'
import { askTracker } from './http-scrape.js'
import { readTrackerAnswer } from './read-scrape.js'
import { ScrapeFailure } from './swarm-counts.js'
import { formatAnnounce } from './udp-packets.js'
import { askUdp } from './udp-scrape.js'

/** Milliseconds that a tracker has for its answer. */
const TIMEOUT = 15_000

/** A seed's announce to one tracker (BEP 3). Hashes and ids are 20 bytes in hexadecimal. */
export interface Announce {
  readonly url: string
  readonly infoHash: string
  readonly peerId: string
  readonly port: number
  /** Bytes sent to peers so far. */
  readonly uploaded: number
  readonly event: 'started' | 'stopped' | null
  /** Most peers to name. */
  readonly wanted: number
  /** Identifies the client to the tracker if its address changes. */
  readonly key: number
  readonly signal: AbortSignal
}

/** A peer that a tracker names. */
export interface NamedPeer {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

/** The answer of a tracker. */
export interface Announced {
  /** Seconds until the next announce. */
  readonly interval: number
  readonly peers: readonly NamedPeer[]
}

/**
 * Announces a seed to a tracker, over HTTP or UDP as its URL says.
 * @throws ScrapeFailure
 */
export async function announceSeed(announce: Announce): Promise<Announced> {
  const { signal, url } = announce
  try {
    return await callWithin({ timeoutMs: TIMEOUT, signal }, (bounded) => {
      const own = { ...announce, signal: bounded }
      return url.startsWith('udp:') ? announceUdp(own) : announceHttp(own)
    })
  } catch (error) {
    if (isTimeout(error) || signal.aborted) throw new ScrapeFailure('no answer in time')
    throw error
  }
}

/** Whether trackers of this kind can be announced to. */
export function canAnnounce(url: string): boolean {
  return /^(https?|udp):/.test(url) && URL.canParse(url)
}

async function announceHttp(announce: Announce): Promise<Announced> {
  const { url, infoHash, peerId, port, uploaded, event, wanted, key, signal } = announce
  const percent = (hex: string) => hex.replace(/../g, '%$&')
  const query = [
    `info_hash=${percent(infoHash)}&peer_id=${percent(peerId)}&port=${port}`,
    `uploaded=${uploaded}&downloaded=0&left=0&compact=1&numwant=${wanted}`,
    `key=${key.toString(16)}${event === null ? '' : `&event=${event}`}`,
  ].join('&')
  const address = new URL(url)
  address.hash = ''
  const { href } = address
  const bytes = await askTracker(`${href}${href.includes('?') ? '&' : '?'}${query}`, signal)
  const answer = readTrackerAnswer(bytes, 'an announce')
  const interval = answer.get('interval')
  return {
    interval: typeof interval === 'number' ? interval : 0,
    peers: [...peersIn(answer.get('peers')), ...compactPeers(answer.get('peers6'), 16)],
  }
}

async function announceUdp({ signal, url, ...announce }: Announce): Promise<Announced> {
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  const own = {
    ...announce,
    infoHash: bytes(announce.infoHash),
    peerId: bytes(announce.peerId),
  }
  const { answer, family } = await askUdp({ url, signal }, (connectionId, transaction) => {
    return formatAnnounce(transaction, connectionId, own)
  })
  if (answer.kind !== 'announced') throw new ScrapeFailure('the answer is not an announce')
  // Over IPv6 the addresses are those of IPv6 (BEP 15)
  return { interval: answer.interval, peers: compactPeers(answer.peers, family === 6 ? 16 : 4) }
}

/** Peers as BEP 23 has them, or as a list of dictionaries. */
function peersIn(value: BencodeValue | undefined): NamedPeer[] {
  if (!Array.isArray(value)) return compactPeers(value, 4)
  return value.flatMap((each) => {
    if (!(each instanceof Map)) return []
    const [host, port] = [each.get('ip'), each.get('port')]
    if (!isByteString(host) || typeof port !== 'number') return []
    return [{ host: Buffer.from(host).toString('latin1'), port }].filter(isAddress)
  })
}

function compactPeers(value: BencodeValue | undefined, length: 4 | 16): NamedPeer[] {
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

function isAddress({ host, port }: NamedPeer): boolean {
  return /^[\d.]+$|^[\da-f:.]+$/i.test(host) && port > 0 && port < 65_536
}
