import { createHash } from 'node:crypto'
import { buildTorrent } from '../../metainfo/build-torrent.js'
import { directoryAddress } from '../web/public-address.js'
import type { KnownTorrent } from './known-torrent.js'
import { spreadTrackers, type TrackerList } from './tracker-list.js'

/** A .torrent as it is sent. */
export interface TorrentAnswer {
  readonly torrent: KnownTorrent
  readonly trackers: TrackerList
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Where the files of a torrent can be had by HTTP: addresses of the mirror's root. */
export type MirrorAddresses = readonly [main: string, ...others: string[]]

/** Puts a torrent together for one client, with the trackers of this moment. */
export function composeAnswer(
  torrent: KnownTorrent,
  trackers: TrackerList,
  addresses: MirrorAddresses,
): TorrentAnswer {
  const { info, infoHash, directory } = torrent
  const announceList = spreadTrackers(trackers.urls, infoHash)
  const parts = {
    announce: announceList[0]?.[0] ?? null,
    announceList,
    httpSeeds: [],
    webSeeds: addresses.map((address) => directoryAddress(address, directory)),
    nodes: [],
    comment: null,
    createdBy: null,
    creationDate: null,
  }
  const bytes = buildTorrent(parts, info)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { torrent, trackers, body, headers: describe(torrent, trackers, body) }
}

function describe(torrent: KnownTorrent, trackers: TrackerList, body: Buffer) {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27)
  return {
    'Content-Type': 'application/x-bittorrent',
    'Content-Length': String(body.length),
    'Content-Disposition': `attachment; filename=${torrent.infoHash}.torrent`,
    ETag: `"${digest}"`,
    'Last-Modified': new Date(Math.max(torrent.modifiedMs, trackers.since)).toUTCString(),
    // May be kept, but not given away without a look at whether it is still right
    'Cache-Control': 'no-cache',
  }
}
