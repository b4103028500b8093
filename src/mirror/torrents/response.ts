import { createHash } from 'node:crypto'
import { buildTorrent, type TorrentCore, type TorrentParts } from '../../metainfo/build/torrent.js'
import { directoryAddress } from '../../metainfo/trackers.js'
import type { KnownTorrent } from './known-torrent.js'
import type { CurrentTorrent } from './on-demand.js'
import { spreadTrackers, type TrackerList } from './tracker-list.js'

/** What is told of a torrent, such as the .torrent itself, as it is sent. */
export interface TorrentResponse {
  readonly trackers: TrackerList
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Where the files of a torrent can be had by HTTP: addresses of the mirror's root. */
export type MirrorAddresses = readonly [main: string, ...others: string[]]

/** What of a torrent depends on the moment and the client. */
export interface TorrentSurroundings {
  /** Trackers, each a tier of its own. */
  readonly announceList: readonly (readonly string[])[]
  /** The mirror, and others of the same root. */
  readonly addresses: MirrorAddresses
  /** What clients add the torrent's name and paths to. */
  readonly webSeeds: readonly string[]
}

/** What a torrent is told by, and what kind of answer that is. */
export interface TorrentForm {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** A way to tell of a torrent. */
export type ComposeForm = (torrent: KnownTorrent, around: TorrentSurroundings) => TorrentForm

/** Puts an answer together for one client, with the trackers of this moment. */
export function composeResponse(
  { torrent, sinceMs }: CurrentTorrent,
  { trackers, addresses, form }: ResponseParts,
): TorrentResponse {
  const { omitted } = torrent
  const { body: bytes, headers: own } = form(torrent, surround(torrent, { trackers, addresses }))
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const lastModified = new Date(Math.max(sinceMs, trackers.since)).toUTCString()
  const headers = { ...own, ...describe(lastModified, body), ...tellOmitted(omitted) }
  return { trackers, body, headers }
}

/** What a client is told of a torrent beside what it is made of. */
export function surround(
  { infoHash, directory }: Pick<KnownTorrent, 'infoHash' | 'directory'>,
  { trackers, addresses }: Pick<ResponseParts, 'trackers' | 'addresses'>,
): TorrentSurroundings {
  const announceList = spreadTrackers(trackers.urls, infoHash)
  const webSeeds = directory ? addresses.map((address) => directoryAddress(address, directory)) : []
  return { announceList, addresses, webSeeds }
}

export interface ResponseParts {
  readonly trackers: TrackerList
  readonly addresses: MirrorAddresses
  readonly form: ComposeForm
}

/** The .torrent as the pkgtorrent protocol has it. */
export const protocolForm: ComposeForm = (torrent, around) => {
  const disposition = `attachment; filename=${torrent.infoHash}.torrent`
  return torrentForm(torrent, around, { creationDate: null, disposition })
}

/** What a .torrent says of itself, and how it is to be saved. */
export interface TorrentDetails {
  /** In seconds since 1970. */
  readonly creationDate: number | null
  /** The Content-Disposition. */
  readonly disposition: string
}

/** A .torrent with its trackers and web seeds. */
export function torrentForm(
  torrent: KnownTorrent,
  around: TorrentSurroundings,
  { creationDate, disposition }: TorrentDetails,
): TorrentForm {
  const headers = {
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': disposition,
  }
  return { body: buildTorrent(partsOf(around, creationDate), torrent), headers }
}

/** Bytes of a .torrent of version 1 whose `info` has so many. */
export function torrentLength(
  infoLength: number,
  around: TorrentSurroundings,
  creationDate: number | null,
): number {
  const empty = buildTorrent(partsOf(around, creationDate), NOTHING)
  return empty.length + infoLength
}

const NOTHING: TorrentCore = { info: new Uint8Array(0), pieceLayers: null }

/** What stands beside `info`. */
function partsOf(
  { announceList, webSeeds }: TorrentSurroundings,
  creationDate: number | null,
): TorrentParts {
  return {
    announce: announceList[0]?.[0] ?? null,
    announceList,
    httpSeeds: [],
    webSeeds,
    nodes: [],
    comment: null,
    createdBy: null,
    creationDate,
  }
}

/** Paths that a header names, at most; their number stands before them. */
const MAX_OMITTED = 10

function tellOmitted(paths: readonly string[]): Readonly<Record<string, string>> {
  if (paths.length === 0) return {}
  const named = paths.slice(0, MAX_OMITTED).map(encodeURI)
  return { 'X-Left-Out': [paths.length, ...named].join(' ') }
}

function describe(lastModified: string, body: Buffer) {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 27)
  return {
    'Content-Length': String(body.length),
    ETag: `"${digest}"`,
    'Last-Modified': lastModified,
    // May be kept, but not given away without a look at whether it is still right
    'Cache-Control': 'no-cache',
  }
}
