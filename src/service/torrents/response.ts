import { createHash } from 'node:crypto'
import { buildTorrent } from '../../metainfo/build/torrent.js'
import { directoryAddress } from '../web/public-address.js'
import type { CheckedTorrent } from './on-demand.js'
import { spreadTrackers, type TrackerList } from './tracker-list.js'

/** A .torrent as it is sent. */
export interface TorrentResponse {
  readonly trackers: TrackerList
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Where the files of a torrent can be had by HTTP: addresses of the mirror's root. */
export type MirrorAddresses = readonly [main: string, ...others: string[]]

/** Puts a torrent together for one client, with the trackers of this moment. */
export function composeResponse(
  { torrent, sinceMs }: CheckedTorrent,
  trackers: TrackerList,
  addresses: MirrorAddresses,
): TorrentResponse {
  const { info, infoHash, directory, omitted } = torrent
  const announceList = spreadTrackers(trackers.urls, infoHash)
  const parts = {
    announce: announceList[0]?.[0] ?? null,
    announceList,
    httpSeeds: [],
    webSeeds: directory ? addresses.map((address) => directoryAddress(address, directory)) : [],
    nodes: [],
    comment: null,
    createdBy: null,
    creationDate: null,
  }
  const bytes = buildTorrent(parts, info)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const lastModified = new Date(Math.max(sinceMs, trackers.since)).toUTCString()
  const headers = { ...describe(infoHash, lastModified, body), ...tellOmitted(omitted) }
  return { trackers, body, headers }
}

/** Paths that a header names, at most; their number stands before them. */
const MAX_OMITTED = 10

function tellOmitted(paths: readonly string[]): Readonly<Record<string, string>> {
  if (paths.length === 0) return {}
  const named = paths.slice(0, MAX_OMITTED).map(encodeURI)
  return { 'X-Left-Out': [paths.length, ...named].join(' ') }
}

function describe(infoHash: string, lastModified: string, body: Buffer) {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27)
  return {
    'Content-Type': 'application/x-bittorrent',
    'Content-Length': String(body.length),
    'Content-Disposition': `attachment; filename=${infoHash}.torrent`,
    ETag: `"${digest}"`,
    'Last-Modified': lastModified,
    // May be kept, but not given away without a look at whether it is still right
    'Cache-Control': 'no-cache',
  }
}
