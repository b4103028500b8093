import type { FastifyReply, FastifyRequest } from 'fastify'
import { buildTorrent, type TorrentCore, type TorrentParts } from '../../metainfo/build/torrent.js'
import { directoryAddress } from '../../metainfo/trackers.js'
import { endConditional, etagOf } from '../../server/answers/conditional.js'
import type { ServiceOptions } from '../options.js'
import { sendReady } from '../progress/progress-page.js'
import { publicAddress } from '../requests/public-address.js'
import type { FileSwarms } from './file-swarms.js'
import type { KnownTorrent } from './known-torrent.js'
import type { CurrentTorrent } from './on-demand.js'
import type { ResponseCache, TorrentResponse } from './response-cache.js'
import { spreadTrackers, type TrackerList } from './trackers.js'

/** URLs of the mirror's root and of other mirrors. */
export type MirrorAddresses = readonly [main: string, ...others: string[]]

/** The parts of a torrent that depend on the time and the client. */
export interface TorrentSurroundings {
  /** The trackers, each in its own tier. */
  readonly announceList: readonly (readonly string[])[]
  /** The mirror, and others of the same root. */
  readonly addresses: MirrorAddresses
  /** URLs to which clients add the torrent's name and paths. */
  readonly webSeeds: readonly string[]
  readonly httpSeeds: readonly string[]
}

/** The body of a view of a torrent, with its header fields. */
export interface TorrentForm {
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  /** The ETag, if it is known without a digest of the whole body. */
  readonly etag?: string
}

/** Composes one view of a torrent. */
export type ComposeForm = (torrent: KnownTorrent, around: TorrentSurroundings) => TorrentForm

/** Composes an answer for one client, with the current trackers. */
export function composeResponse(
  { torrent }: CurrentTorrent,
  { form, ...around }: ResponseParts,
): TorrentResponse {
  const { omitted } = torrent
  const { body: bytes, headers: own, etag } = form(torrent, surround(torrent, around))
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const { trackers } = around
  const headers = {
    ...own,
    'Content-Length': String(body.length),
    ETag: etag ?? etagOf(body),
    // May be kept, but must be checked before each use
    'Cache-Control': 'no-cache',
    ...namesOfOmitted(omitted),
  }
  return { trackers, body, headers }
}

/** Determines the trackers and web seeds of a torrent for one client. */
export function surround(
  { infoHash, directory }: Pick<KnownTorrent, 'infoHash' | 'directory'>,
  { trackers, addresses, httpSeeds }: Omit<ResponseParts, 'form'>,
): TorrentSurroundings {
  const announceList = spreadTrackers(trackers, infoHash)
  const webSeeds = directory ? addresses.map((address) => directoryAddress(address, directory)) : []
  return { announceList, addresses, webSeeds, httpSeeds }
}

export interface ResponseParts {
  readonly trackers: TrackerList
  readonly addresses: MirrorAddresses
  readonly httpSeeds: readonly string[]
  readonly form: ComposeForm
}

/** The .torrent of the pkgtorrent protocol. */
export const protocolForm: ComposeForm = (torrent, around) => {
  const disposition = `attachment; filename=${torrent.infoHash}.torrent`
  return torrentForm(torrent, around, { creationDate: null, disposition })
}

/** The creation date of a .torrent, and the header field with its file name. */
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
  const parts = partsOf(around, creationDate)
  // The info hashes stand for info and the piece layers, which may be megabytes
  const etag = etagOf(JSON.stringify([torrent.infoHashes, parts]))
  return { body: buildTorrent(parts, torrent), headers, etag }
}

/** Size of a .torrent of version 1 whose `info` has `infoLength` bytes. */
export function torrentLength(
  infoLength: number,
  around: TorrentSurroundings,
  creationDate: number | null,
): number {
  const empty = buildTorrent(partsOf(around, creationDate), NOTHING)
  return empty.length + infoLength
}

const NOTHING: TorrentCore = { info: new Uint8Array(0), pieceLayers: null }

/** The fields beside `info`. */
function partsOf(
  { announceList, webSeeds, httpSeeds }: TorrentSurroundings,
  creationDate: number | null,
): TorrentParts {
  return {
    announce: announceList[0]?.[0] ?? null,
    announceList,
    httpSeeds,
    webSeeds,
    nodes: [],
    comment: null,
    createdBy: null,
    creationDate,
  }
}

/** Most paths named in a header, after their total number. */
const MAX_OMITTED = 10

function namesOfOmitted(paths: readonly string[]): Readonly<Record<string, string>> {
  if (paths.length === 0) return {}
  const named = paths.slice(0, MAX_OMITTED).map(encodeURI)
  return { 'X-Left-Out': [paths.length, ...named].join(' ') }
}

/** A torrent and the view of it to send; the protocol's .torrent if absent. */
export interface ToldTorrent {
  readonly checked: CurrentTorrent
  readonly form?: ComposeForm
}

export interface TorrentSenderParts {
  readonly options: ServiceOptions
  readonly responses: ResponseCache
  /** Learns which torrents the files have. */
  readonly swarms: Pick<FileSwarms, 'note'>
  /** The current trackers. */
  readonly trackers: () => TrackerList
}

/** Answers requests with torrents or views of them. */
export class TorrentSender {
  constructor(private readonly parts: TorrentSenderParts) {}

  /** Sends a view of a torrent, or 304 or 412 if the request's conditions say so. */
  send(request: FastifyRequest, reply: FastifyReply, told: ToldTorrent): FastifyReply {
    const { checked } = told
    if (sendReady(request, reply, { title: checked.torrent.title, ...this.parts })) return reply
    const answer = this.#compose(request, told)
    const etag = answer.headers['ETag'] ?? ''
    const { 'Cache-Control': caching } = answer.headers
    reply.headers({ ETag: etag, 'Cache-Control': caching })
    if (endConditional(request, reply, { etag, lastModified: null })) return reply
    return reply.headers(answer.headers).send(answer.body)
  }

  /** The last answer if nothing changed since, otherwise a new one. */
  #compose(
    { raw, method }: FastifyRequest,
    { checked, form = protocolForm }: ToldTorrent,
  ): TorrentResponse {
    const { options, responses, swarms } = this.parts
    const { webSeeds, httpSeeds, tracker } = options
    const address = publicAddress(raw, options)
    const trackers = this.parts.trackers()
    const before = responses.recall(raw)
    if (before?.checked === checked && before.answer.trackers === trackers) return before.answer
    const parts = { trackers, addresses: [address, ...webSeeds] as const, httpSeeds }
    const answer = composeResponse(checked, { ...parts, form })
    if (tracker) {
      // Parsing a large torrent takes long, so the tracker gets each only once
      const isKnown = trackedHashes(checked.torrent).every((hash) => tracker.has(hash))
      if (!isKnown) tracker.add(composeResponse(checked, { ...parts, form: protocolForm }).body)
      swarms.note(checked.torrent)
    }
    if (method === 'GET') responses.note(raw, checked, answer)
    return answer
  }
}

/** The info hashes by which clients announce a torrent; one of version 2 is cut (BEP 52). */
function trackedHashes({ infoHashes: { v1, v2 } }: KnownTorrent): string[] {
  return [v1, v2?.slice(0, 40) ?? null].filter((hash) => hash !== null)
}
