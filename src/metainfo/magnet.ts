import { BtkitError } from '../base/errors.js'
import { decodePercent, encodePercent } from '../base/percent.js'
import { formatDhtNode, announceUrls, isSeed, isTracker } from './trackers.js'
import { readInfoHash, readInfoHashV2 } from './info-hash.js'
import type { DhtNode, InfoHash, InfoHashV2 } from './values.js'
import { contentSize, type ListedFiles, type Metainfo } from './metainfo.js'

/** A range of files, both ends included. Indices begin at 0. */
export type FileRange = readonly [first: number, last: number]

/** The values for a magnet link; the name may be unknown. */
export interface MagnetSource extends Pick<
  Metainfo,
  'size' | 'announce' | 'announceList' | 'webSeeds'
> {
  /** In hexadecimal; null for a version that the torrent does not have, but not both. */
  readonly infoHash: string | null
  readonly infoHashV2: string | null
  readonly name: string | null
  /** The files, of which pad files do not count; if they are unknown, `size` counts. */
  readonly fileList?: ListedFiles
  /** The same as an array. */
  readonly files?: Metainfo['files']
  /** URL of the .torrent, for clients that have not found a peer yet. */
  readonly exactSource?: string
  /** Hosts and ports of peers that have the content (BEP 9). */
  readonly peers?: readonly DhtNode[]
}

/**
 * Builds the magnet link of a torrent (BEP 9, and `btmh` of BEP 52). It contains the hashes, name,
 * size, trackers in the order of use, web seeds, the .torrent's URL, and peers. It selects files
 * (BEP 53) unless `select` is null.
 * @throws BtkitError `usage` if the torrent does not have a selected file
 */
export function magnetLink(
  metainfo: MagnetSource,
  select: readonly FileRange[] | null = null,
): string {
  const { infoHash, infoHashV2, name, fileList } = metainfo
  if (!infoHash && !infoHashV2)
    throw new BtkitError('usage', 'magnet link: no info hash; give what readTorrent returns')
  // The array is created when it is read
  const files = fileList ? undefined : metainfo.files
  const count = fileList?.count ?? files?.length
  if (count !== undefined && select) checkFileRanges(select, count)
  const listed = fileList ? { fileList } : files && { files }
  const size = listed ? contentSize(listed) : metainfo.size
  const parameters = exactTopics(metainfo)
  if (name !== null) parameters.push(parameter('dn', name))
  if (size > 0) parameters.push(`xl=${size}`)
  for (const tracker of announceUrls(metainfo)) parameters.push(parameter('tr', tracker))
  for (const seed of unique(metainfo.webSeeds)) parameters.push(parameter('ws', seed))
  if (metainfo.exactSource !== undefined) parameters.push(parameter('xs', metainfo.exactSource))
  for (const peer of unique(metainfo.peers?.map(peerParameter))) parameters.push(peer)
  if (select !== null) parameters.push(`so=${select.map(formatRange).join(',')}`)
  return `magnet:?${parameters.join('&')}`
}

function formatRange([first, last]: FileRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

/**
 * Parses file indices and ranges, separated by commas: `0,2,4-6`.
 * @throws BtkitError `usage`
 */
export function parseFileRanges(text: string): FileRange[] {
  return text.split(',').map((part) => {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim())
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (first <= last) return [first, last]
    throw new BtkitError(
      'usage',
      `files '${text}': not indices and ranges of them, such as 0,2,4-6`,
    )
  })
}

/**
 * Checks that a torrent has all files of the ranges.
 * @throws BtkitError `usage`
 */
function checkFileRanges(ranges: readonly FileRange[], count: number): void {
  const beyond = ranges.find(([, last]) => last >= count)
  if (!beyond) return
  const reason = `has no file ${beyond[1]}: the last of its ${count} is ${count - 1}`
  throw new BtkitError('usage', reason)
}

/**
 * Builds the `xt` parameters. In the multihash of BEP 52, 0x12 means SHA-256 and 0x20 means 32
 * bytes.
 */
function exactTopics({ infoHash, infoHashV2 }: MagnetSource): string[] {
  return [
    ...(infoHash === null ? [] : [`xt=urn:btih:${infoHash}`]),
    ...(infoHashV2 === null ? [] : [`xt=urn:btmh:1220${infoHashV2}`]),
  ]
}

function unique(texts: readonly string[] | null = null): Set<string> {
  const distinct = new Set(texts)
  distinct.delete('')
  return distinct
}

function parameter(key: string, value: string): string {
  return `${key}=${encodePercent(value)}`
}

/** Builds `x.pe=HOST:PORT`; colons and brackets stay, because clients do not decode this value. */
function peerParameter(peer: DhtNode): string {
  const address = encodePercent(formatDhtNode(peer))
  return `x.pe=${address.replace(/%(?:3A|5B|5D)/g, (form) => decodePercent(form, form))}`
}

/** The content of a magnet link; at least one of the hashes is not null. */
export interface MagnetLink {
  /** SHA-1 of `info`, in hexadecimal. */
  readonly infoHash: InfoHash | null
  /** SHA-256 of `info`, in hexadecimal. */
  readonly infoHashV2: InfoHashV2 | null
  /** The name as anybody may have written it, not checked for use as a file name. */
  readonly name: string | null
  /** Bytes, as anybody may have written them. */
  readonly size: number | null
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
  return /^\s*magnet:/i.test(text)
}

/**
 * Parses a magnet link: BEP 9, `btmh` of BEP 52, and numbered parameters such as `xt.1`. There may
 * be slashes before the `?`, as in a URL.
 * @throws BtkitError `usage` if it has no info hash, or those of several torrents
 */
export function parseMagnet(text: string): MagnetLink {
  const [, query] = /^magnet:\/{0,3}\?(.*)$/is.exec(text.trim()) ?? []
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
    name: values('dn')[0] || null,
    size: sizeOf(values('xl')[0]),
    trackers: values('tr').filter(isTracker),
    webSeeds: values('ws').filter(isSeed),
    exactSources: values('xs').filter((url) => /^https?:/i.test(url) && URL.canParse(url)),
    selectsFiles: values('so').length > 0,
    namesPeers: values('x.pe').length > 0,
  }
}

function sizeOf(text = ''): number | null {
  const size = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(size) ? size : null
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

function readBtih(topic: string): InfoHash[] {
  const [, hash = ''] = /^urn:btih:([0-9a-z]+)$/i.exec(topic) ?? []
  const isBase32 = /^[a-z2-7]{32}$/i.test(hash)
  return listOf(readInfoHash(isBase32 ? hexOfBase32(hash.toUpperCase()) : hash))
}

/** Reads a multihash of BEP 52: 0x12 means SHA-256, and 0x20 means 32 bytes. */
function readBtmh(topic: string): InfoHashV2[] {
  const [, hash = ''] = /^urn:btmh:1220(.*)$/i.exec(topic) ?? []
  return listOf(readInfoHashV2(hash))
}

function listOf<T>(hash: T | null): T[] {
  return hash === null ? [] : [hash]
}

function hexOfBase32(text: string): string {
  const bits = Array.from(text, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
  const nibbles = bits.join('').match(/.{4}/g) ?? []
  return nibbles.map((nibble) => Number.parseInt(nibble, 2).toString(16)).join('')
}

function onlyOf<T>(hashes: readonly T[]): T | null {
  const [first = null, ...others] = new Set(hashes)
  if (others.length === 0) return first
  throw new BtkitError('usage', 'magnet link: names several torrents')
}
