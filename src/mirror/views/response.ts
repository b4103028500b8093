import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import {
  buildInParts,
  buildTorrent,
  type TorrentCore,
  type TorrentParts,
} from '../../metainfo/build/torrent.js'
import { isLoopback } from '../../core/remote/address-reach.js'
import { isAmong, swarmHashes } from '../../metainfo/info-hash.js'
import { NO_FIELDS } from '../../metainfo/fields.js'
import type { DhtNode } from '../../metainfo/values.js'
import { directoryAddress, distinctSeeds, fileAddress } from '../../metainfo/trackers.js'
import type { TrackerUrl } from '../../metainfo/values.js'
import type { ServiceOptions } from '../options.js'
import { readyAnswer } from '../pages/progress-page.js'
import { publicAddress } from '../tree/address.js'
import type { FileSwarms } from '../torrents/file-swarms.js'
import type { ServedTorrent, MirrorFacts } from '../torrents/served-torrent.js'
import type { CurrentTorrent } from '../torrents/known-results.js'
import type { Torrents } from '../torrents/torrents.js'
import type { ResponseCache, SentResponse } from '../kept/response-cache.js'
import {
  spreadTrackers,
  trackersAt,
  type TrackerList,
  type TrackerSource,
} from '../torrents/trackers.js'
import { CORS } from '../../server/headers/cors.js'
import { SAFE_HEADERS, sendAnswer, unmetAnswer } from '../../server/headers/answer.js'
import { etagOf } from '../../server/headers/conditional.js'
import { type CountedResponse, WHOLE } from '../../server/connections/counted-response.js'
import { Refusal } from '../../server/headers/refusal.js'
import { unmappedAddress } from '../../server/connections/client-address.js'

/** The parts of a torrent that depend on the time and the client. */
export interface TorrentSurroundings {
  /** The trackers, each in its own tier. */
  readonly announceList: readonly (readonly TrackerUrl[])[]
  /** The mirror, and others of the same root. */
  readonly addresses: readonly [main: string, ...others: string[]]
  /**
   * URLs of the file of a torrent of one, else those to which clients add the torrent's name and
   * paths.
   */
  readonly webSeeds: readonly string[]
  /** Where peers reach the seed of the torrent; none if it is not seeded here. */
  readonly peers: readonly DhtNode[]
}

/** The body of a view of a torrent, with its header fields. */
interface TorrentForm {
  /** The bytes, or parts of them that other answers share. */
  readonly body: Uint8Array | readonly Uint8Array[]
  readonly headers: Readonly<Record<string, string>>
  /** The ETag, if it is known without a digest of the whole body. */
  readonly etag?: string
}

/** Composes one view of a torrent. */
export type ComposeForm = (torrent: ServedTorrent, around: TorrentSurroundings) => TorrentForm

/** The trackers, addresses and seeds for one client. */
interface Around extends Pick<TorrentSurroundings, 'addresses' | 'peers'> {
  readonly trackers: TrackerList
}

/** Determines the trackers and web seeds of a torrent for one client. */
export function surround(
  { infoHash, directory, title: { path } }: SeededTorrent,
  { trackers, addresses, peers }: Around,
): TorrentSurroundings {
  const announceList = spreadTrackers(trackers, infoHash)
  const webSeeds = webSeedsAt({ directory, title: { path } }, addresses)
  return { announceList, addresses, webSeeds, peers }
}

/** The web seeds of a torrent on mirrors at these addresses. */
function webSeedsAt(
  { directory, title: { path } }: Omit<SeededTorrent, 'infoHash'>,
  addresses: readonly string[],
): string[] {
  if (directory === null) return []
  // WebTorrent does not add the name of a file to its directory's URL
  if (path) return addresses.map((address) => fileAddress(address, path))
  return addresses.map((address) => directoryAddress(address, directory))
}

/** The parts of a torrent that decide its web seeds and the order of its trackers. */
interface SeededTorrent extends Pick<ServedTorrent, 'infoHash' | 'directory'> {
  readonly title: Pick<ServedTorrent['title'], 'path'>
}

/** The .torrent of the pkgtorrent protocol, whose web seed is the directory of a file. */
const protocolForm: ComposeForm = (torrent, around) => {
  const disposition = `attachment; filename=${torrent.infoHash}.torrent`
  const { directory } = torrent
  const webSeeds = directory
    ? around.addresses.map((address) => directoryAddress(address, directory))
    : []
  return torrentForm(torrent, { ...around, webSeeds }, null, disposition)
}

/** A .torrent with its trackers and web seeds; `creationDate` is in seconds since 1970. */
export function torrentForm(
  torrent: ServedTorrent,
  around: TorrentSurroundings,
  creationDate: number | null,
  disposition: string,
): TorrentForm {
  const headers = {
    'Content-Type': 'application/x-bittorrent',
    'Content-Disposition': disposition,
  }
  const parts = partsOf(around, creationDate)
  // The info hashes stand for info and the piece layers, which may be megabytes
  const etag = etagOf(JSON.stringify([torrent.infoHashes, parts]))
  return { body: buildInParts(parts, torrent, WHOLE), headers, etag }
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

/**
 * Gives a torrent to the tracker in this process, which lists it. No host of a request is in it,
 * because that may be any: `trackers` are those of all clients.
 */
export function trackTorrent(
  torrent: MirrorFacts,
  { ownTracker, seed, publicUrl, webSeeds }: ServiceOptions,
  trackers: TrackerList,
): void {
  if (!ownTracker) return
  const hashes = swarmHashes(torrent.infoHashes)
  if (hashes.every((hash) => ownTracker.has(hash))) return
  const addresses = distinctSeeds(publicUrl === null ? webSeeds : [publicUrl, ...webSeeds])
  const { title, given, infoHashes, infoHash, modified } = torrent
  ownTracker.add({
    ...infoHashes,
    name: given?.name ?? title.name,
    size: title.size,
    fileCount: title.files,
    private: given?.private ?? false,
    place: webSeedsAt(torrent, ['.'])[0] ?? null,
    addedMs: 1000 * modified,
    trackers: spreadTrackers(trackers, infoHash).flat(),
    webSeeds: webSeedsAt(torrent, addresses),
  })
  // The tracker refused the seed until now. Some clients find only this seed.
  for (const hash of hashes) seed?.retry(hash)
}

/** The fields beside `info`. */
function partsOf(
  { announceList, webSeeds }: Omit<TorrentSurroundings, 'addresses' | 'peers'>,
  creationDate: number | null,
): TorrentParts {
  return {
    ...NO_FIELDS,
    announce: announceList[0]?.[0] ?? null,
    announceList,
    webSeeds,
    creationDate,
  }
}

/** Most paths named in a header, after their total number, and most characters of all. */
const MAX_OMITTED = 10
const LONGEST_OMITTED = 1000

function namesOfOmitted(paths: readonly string[]): Readonly<Record<string, string>> {
  if (paths.length === 0) return {}
  let named = String(paths.length)
  for (const path of paths.slice(0, MAX_OMITTED)) {
    const more = `${named} ${fileAddress('', path.split('/'))}`
    // Proxies refuse large headers
    if (more.length > LONGEST_OMITTED) break
    named = more
  }
  return { 'X-Left-Out': named }
}

/** The route in the metrics of torrents that are sent again without another look at their files. */
const KEPT = 'kept response'

const BANNED = 'this torrent is banned here; the file may still be downloaded'

/** Answers requests with torrents or views of them. */
export class TorrentSender {
  /** `known` receives answers to send again, and the files that torrents belong to. */
  constructor(
    private readonly options: ServiceOptions,
    private readonly known: {
      readonly responses: ResponseCache
      readonly swarms: Pick<FileSwarms, 'note'>
      readonly torrents: Pick<Torrents, 'isCurrent'>
    },
    private readonly trackers: TrackerSource['current'],
  ) {}

  /**
   * Sends a view of a torrent, or 304 or 412 if the request's conditions say so.
   * `isKept` says whether the answer stays right as long as the torrent does.
   */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    checked: CurrentTorrent,
    form = protocolForm,
    isKept = true,
  ): FastifyReply | Promise<FastifyReply> {
    const raw = reply.raw as CountedResponse
    const ready = readyAnswer(request.raw, checked.torrent.title, this.options)
    if (ready) return sendAnswer(reply, ready)
    if (this.isBanned(checked)) throw new Refusal('not-permitted', BANNED)
    const answer = this.#compose(request, checked, form, isKept)
    const { headers } = answer
    if (!isKept)
      return sendAnswer(reply, { status: 200, headers, body: Buffer.concat(answer.parts) })
    // Its headers are complete, and it is not compressed
    const unmet = unmetAnswer(request, headers)
    if (unmet) return sendAnswer(reply, unmet)
    if (!raw.isLarge(answer)) return reply.headers(headers).send(Buffer.concat(answer.parts))
    // A large body gets no copy of its own
    reply.hijack()
    raw.writeHead(200, headers)
    raw.endInParts(answer.parts)
    return reply
  }

  /** Whether the tracker in this process refuses a torrent. */
  isBanned({ torrent }: CurrentTorrent): boolean {
    return isAmong(torrent.infoHashes, this.options.ownTracker?.banned())
  }

  /** Composes an answer, and keeps it. */
  #compose(
    { raw, method }: FastifyRequest,
    checked: CurrentTorrent,
    form: ComposeForm,
    isKept: boolean,
  ): SentResponse {
    const { options, known } = this
    const { webSeeds, ownTracker: tracker } = options
    const address = publicAddress(raw, options)
    const trackers = this.trackers()
    const peers = seedPeers(raw, checked.torrent, options.seed, options.publicUrl, address)
    const { torrent } = checked
    const [, ...others] = distinctSeeds([address, ...webSeeds])
    const addresses = [address, ...others] as const
    const named = trackersAt(trackers, tracker, address)
    const around = surround(torrent, { trackers: named, addresses, peers })
    const { body, headers: ofForm, etag } = form(torrent, around)
    const parts = body instanceof Uint8Array ? [body] : body
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const headers = {
      ...SAFE_HEADERS,
      ...ofForm,
      'Content-Length': String(length),
      ETag: etag ?? etagOf(Buffer.concat(parts)),
      // May be kept, but must be checked before each use
      'Cache-Control': ofForm['Cache-Control'] ?? 'no-cache',
      ...namesOfOmitted(torrent.omitted),
      ...(options.cors && CORS),
    }
    const answer = { parts, length, headers }
    const isCurrent = () =>
      this.trackers() === trackers && known.torrents.isCurrent(checked) && !this.isBanned(checked)
    trackTorrent(torrent, options, trackers)
    known.swarms.note(torrent)
    // An answer that no cache may keep may be right for this client alone
    if (method === 'GET' && isKept && headers['Cache-Control'] !== 'no-store')
      known.responses.note(raw, { ...answer, route: KEPT, isCurrent })
    return answer
  }
}

/**
 * Returns where peers reach the seed of a torrent: the host of the mirror's URL, and the IP address
 * that it stands for, because most clients do not look up names in magnet links. None if the
 * torrent is not seeded.
 */
function seedPeers(
  { headers, socket }: IncomingMessage,
  torrent: ServedTorrent,
  seed: ServiceOptions['seed'],
  publicUrl: ServiceOptions['publicUrl'],
  address: string,
): DhtNode[] {
  if (
    !seed ||
    !swarmHashes(torrent.infoHashes)
      .slice(0, 1)
      .some((hash) => seed.countsOf(hash))
  )
    return []
  const { hostname } = new URL(address)
  const local = unmappedAddress(socket.localAddress ?? '')
  // Behind a proxy, the client knows another address
  const isReached = headers['x-forwarded-for'] === undefined && socket.remoteAddress !== undefined
  const reached = isReached && (!isLoopback(local) || isLoopback(hostname)) ? [local] : []
  const hosts = [hostname.replace(/^\[|\]$/g, ''), ...(publicUrl === null ? reached : seed.hosts)]
  return [...new Set(hosts)]
    .filter((host) => host !== '')
    .map((host) => ({ host, port: seed.port }))
}
