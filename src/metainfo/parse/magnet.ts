import { BtkitError } from '../../errors.js'
import { isSeed, isTracker } from '../trackers.js'

/** What a magnet link says of a torrent; at least one of its hashes is there. */
export interface MagnetLink {
  /** SHA-1 of the info, in hexadecimal. */
  readonly infoHash: string | null
  /** SHA-256 of the info, in hexadecimal. */
  readonly infoHashV2: string | null
  /** In the order in which they are tried; what can be no tracker is left out. */
  readonly trackers: readonly string[]
  /** Likewise. */
  readonly webSeeds: readonly string[]
  /** Where the .torrent may be, by HTTP. */
  readonly exactSources: readonly string[]
  /** Whether it selects files (BEP 53). */
  readonly selectsFiles: boolean
  /** Whether it names addresses of peers (BEP 9). */
  readonly namesPeers: boolean
}

/** The alphabet of RFC 4648's base32, in which older links have the info hash. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Whether an argument is meant as a magnet link. */
export function looksLikeMagnet(text: string): boolean {
  return /^magnet:/i.test(text)
}

/**
 * Reads a magnet link: BEP 9, the `btmh` of BEP 52, and topics that are numbered, as in `xt.1`.
 * @throws BtkitError `usage` when it names no torrent, or several
 */
export function parseMagnet(text: string): MagnetLink {
  const [, query] = /^magnet:\?(.*)$/is.exec(text) ?? []
  if (query === undefined) throw new BtkitError('usage', 'magnet link: no ? after magnet:')
  const values = readValues(query)
  const topics = values('xt')
  const infoHash = onlyOf(topics.flatMap(readBtih))
  const infoHashV2 = onlyOf(topics.flatMap(readBtmh))
  if (infoHash === null && infoHashV2 === null) {
    const what = topics.length > 0 ? `${topics[0]}: not` : 'names no torrent by'
    throw new BtkitError('usage', `magnet link: ${what} xt=urn:btih:HASH or xt=urn:btmh:HASH`)
  }
  return {
    infoHash,
    infoHashV2,
    trackers: values('tr').filter(isTracker),
    webSeeds: values('ws').filter(isSeed),
    exactSources: values('xs').filter((url) => /^https?:/i.test(url) && URL.canParse(url)),
    selectsFiles: values('so').length > 0,
    namesPeers: values('x.pe').length > 0,
  }
}

/** The values of a parameter, each once: `tr`, and also `tr.1` and so on. */
function readValues(query: string): (key: string) => string[] {
  const entries = [...new URLSearchParams(query)]
  return (key) => {
    const own = entries.filter(([name]) => name.replace(/\.\d+$/, '').toLowerCase() === key)
    return [...new Set(own.map(([, value]) => value.trim()))]
  }
}

function readBtih(topic: string): string[] {
  const [, hash = ''] = /^urn:btih:([0-9a-z]+)$/i.exec(topic) ?? []
  if (/^[0-9a-f]{40}$/i.test(hash)) return [hash.toLowerCase()]
  return /^[a-z2-7]{32}$/i.test(hash) ? [hexOfBase32(hash.toUpperCase())] : []
}

/** The multihash of BEP 52: 0x12 says SHA-256, 0x20 says 32 bytes. */
function readBtmh(topic: string): string[] {
  const [, hash] = /^urn:btmh:1220([0-9a-f]{64})$/i.exec(topic) ?? []
  return hash === undefined ? [] : [hash.toLowerCase()]
}

function hexOfBase32(text: string): string {
  const bits = Array.from(text, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
  const nibbles = bits.join('').match(/.{4}/g) ?? []
  return nibbles.map((nibble) => Number.parseInt(nibble, 2).toString(16)).join('')
}

function onlyOf(hashes: readonly string[]): string | null {
  const [first = null, ...others] = new Set(hashes)
  if (others.length === 0) return first
  throw new BtkitError('usage', 'magnet link: names several torrents')
}
