import { BtkitError } from '../errors.js'
import { contentSize, type Metainfo } from './metainfo.js'
import { announceUrls } from './trackers.js'

/** A range of files, both ends included. Indices begin at 0. */
export type FileRange = readonly [first: number, last: number]

/** The values for a magnet link; the name may be unknown. */
export interface MagnetSource extends Pick<
  Metainfo,
  'infoHash' | 'infoHashV2' | 'size' | 'announce' | 'announceList' | 'webSeeds'
> {
  readonly name: string | null
  /** The files, of which pad files do not count; if they are unknown, `size` counts. */
  readonly files?: Metainfo['files']
  /** URL of the .torrent, for clients that have not found a peer yet. */
  readonly exactSource?: string
}

/**
 * Builds the magnet link of a torrent (BEP 9, and `btmh` of BEP 52). It contains the hashes, name,
 * size, trackers in the order of use, web seeds, and the .torrent's URL. It selects files (BEP 53)
 * unless `select` is null.
 * @throws BtkitError `usage` if the torrent does not have a selected file
 */
export function magnetLink(
  metainfo: MagnetSource,
  select: readonly FileRange[] | null = null,
): string {
  const { infoHash, infoHashV2, name, files } = metainfo
  if (!infoHash && !infoHashV2)
    throw new BtkitError('usage', 'magnet link: no info hash; give what readTorrent returns')
  if (files) checkFileRanges(select ?? [], files)
  const size = files ? contentSize({ files }) : metainfo.size
  const parameters = [
    ...exactTopics(metainfo),
    ...(name === null ? [] : [parameter('dn', name)]),
    ...(size > 0 ? [`xl=${size}`] : []),
    ...unique(announceUrls(metainfo)).map((tracker) => parameter('tr', tracker)),
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
function checkFileRanges(ranges: readonly FileRange[], files: Metainfo['files']): void {
  const beyond = ranges.find(([, last]) => last >= files.length)
  if (!beyond) return
  const reason = `has no file ${beyond[1]}: the last of its ${files.length} is ${files.length - 1}`
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

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '')
}

function parameter(key: string, value: string): string {
  return `${key}=${encodeURIComponent(value)}`
}
