import { BtkitError } from '../../errors.js'
import { isSeed, isTracker } from '../trackers.js'

/** The content of a magnet link; at least one of the hashes is not null. */
export interface MagnetLink {
  /** SHA-1 of `info`, in hexadecimal. */
  readonly infoHash: string | null
  /** SHA-256 of `info`, in hexadecimal. */
  readonly infoHashV2: string | null
  /** Trackers in the order of use, without invalid ones. */
  readonly trackers: readonly string[]
  /** Web seeds, without invalid ones. */
  readonly webSeeds: readonly string[]
  /** HTTP URLs of the .torrent. */
  readonly exactSources: readonly string[]
  /** Whether the link selects files (BEP 53). */
  readonly selectsFiles: boolean
  /** Whether the link has addresses of peers (BEP 9). */
  readonly namesPeers: boolean
}

/** The base32 alphabet of RFC 4648; older links use it for the info hash. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Whether an argument is meant as a magnet link. */
export function looksLikeMagnet(text: string): boolean {
  return /^magnet:/i.test(text)
}

/**
 * Parses a magnet link: BEP 9, `btmh` of BEP 52, and numbered parameters such as `xt.1`.
 * @throws BtkitError `usage` if it has no info hash, or those of several torrents
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

/**
 * Returns a function that returns the distinct values of a parameter: of `tr`, `tr.1` and so on.
 */
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

/** Reads a multihash of BEP 52: 0x12 means SHA-256, and 0x20 means 32 bytes. */
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
