import { BtkitError } from '../errors.js'
import type { Metainfo } from './metainfo.js'

/** Files from the first index up to the last, both among them. Indices begin at 0. */
export type FileRange = readonly [first: number, last: number]

/** What a magnet link says of a torrent; the name may not be known. */
export interface MagnetSource extends Pick<
  Metainfo,
  'infoHash' | 'infoHashV2' | 'size' | 'announce' | 'announceList' | 'webSeeds'
> {
  readonly name: string | null
  /** Where the .torrent is, which clients can fetch that find no peer yet. */
  readonly exactSource?: string
}

/**
 * The magnet link of a torrent (BEP 9, and BEP 52's `btmh`): its hashes, name, size, trackers in
 * the order in which they are tried, web seeds, the .torrent's address, and the files to select (BEP 53) unless that is
 * null.
 */
export function magnetLink(
  metainfo: MagnetSource,
  select: readonly FileRange[] | null = null,
): string {
  const { name } = metainfo
  const parameters = [
    ...exactTopics(metainfo),
    ...(name === null ? [] : [parameter('dn', name)]),
    ...(metainfo.size > 0 ? [`xl=${metainfo.size}`] : []),
    ...trackersOf(metainfo).map((tracker) => parameter('tr', tracker)),
    ...unique(metainfo.webSeeds ?? []).map((seed) => parameter('ws', seed)),
    ...(metainfo.exactSource === undefined ? [] : [parameter('xs', metainfo.exactSource)]),
    ...(select === null ? [] : [`so=${select.map(formatRange).join(',')}`]),
  ]
  return `magnet:?${parameters.join('&')}`
}

function formatRange([first, last]: FileRange): string {
  return first === last ? String(first) : `${first}-${last}`
}

/**
 * Reads indices of files and ranges of them, with commas between: `0,2,4-6`.
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
 * Makes sure that a torrent has the files of ranges.
 * @throws BtkitError `usage`
 */
export function checkFileRanges(ranges: readonly FileRange[], { files }: Metainfo): void {
  const beyond = ranges.find(([, last]) => last >= files.length)
  if (!beyond) return
  const reason = `has no file ${beyond[1]}: the last of its ${files.length} is ${files.length - 1}`
  throw new BtkitError('usage', reason)
}

/** The multihash of BEP 52: 0x12 says SHA-256, 0x20 says 32 bytes. */
function exactTopics({ infoHash, infoHashV2 }: MagnetSource): string[] {
  return [
    ...(infoHash === null ? [] : [`xt=urn:btih:${infoHash}`]),
    ...(infoHashV2 === null ? [] : [`xt=urn:btmh:1220${infoHashV2}`]),
  ]
}

function trackersOf({ announce, announceList }: MagnetSource): string[] {
  const trackers = announce === null ? [] : [announce]
  return unique([...trackers, ...(announceList ?? []).flat()])
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '')
}

function parameter(key: string, value: string): string {
  return `${key}=${encodeURIComponent(value)}`
}
