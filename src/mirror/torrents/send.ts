import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceOptions } from '../options.js'
import {
  composeResponse,
  protocolForm,
  type ComposeForm,
  type TorrentResponse,
} from './response.js'
import type { FileSwarms } from './file-swarms.js'
import type { KnownTorrent } from './known-torrent.js'
import type { CurrentTorrent } from './on-demand.js'
import type { TrackerList } from './trackers.js'
import { endConditional } from '../../server/answers/conditional.js'
import type { ResponseCache } from './response-cache.js'
import { sendReady } from '../progress/send-progress.js'
import { publicAddress } from '../requests/public-address.js'

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
