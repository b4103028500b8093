import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceOptions } from '../options.js'
import type { BusyTorrents } from './busy-torrents.js'
import {
  composeResponse,
  protocolForm,
  type ComposeForm,
  type TorrentResponse,
} from './response.js'
import type { CurrentTorrent } from './on-demand.js'
import type { TrackerList } from './tracker-list.js'
import { endConditional } from '../../server/answers/conditional.js'
import type { ResponseCache } from './response-cache.js'
import { sendReady } from '../progress/send-progress.js'
import { publicAddress } from '../requests/public-address.js'

/** A torrent, and the way it is told of: absent for that of the protocol. */
export interface ToldTorrent {
  readonly checked: CurrentTorrent
  readonly form?: ComposeForm
}

export interface TorrentSenderParts {
  readonly options: ServiceOptions
  readonly responses: ResponseCache
  /** Hears of each torrent that is sent. */
  readonly busy: Pick<BusyTorrents, 'note'>
  /** The trackers of now. */
  readonly trackers: () => TrackerList
}

/** Answers requests with torrents, or with what else tells of them. */
export class TorrentSender {
  readonly #parts: TorrentSenderParts

  constructor(parts: TorrentSenderParts) {
    this.#parts = parts
  }

  /** Sends a torrent in some form, or word that the client has it already, or wants another. */
  send(request: FastifyRequest, reply: FastifyReply, told: ToldTorrent): FastifyReply {
    const { checked } = told
    if (sendReady(request, reply, checked.torrent.title)) return reply
    this.#parts.busy.note(checked.torrent)
    const answer = this.#compose(request, told)
    const etag = answer.headers['ETag'] ?? ''
    const lastModified = answer.headers['Last-Modified'] ?? ''
    // What may change within the second has no date that could be relied on
    const date = checked.torrent.isCacheable ? lastModified : null
    const { 'Cache-Control': caching } = answer.headers
    reply.headers({ ETag: etag, 'Last-Modified': lastModified, 'Cache-Control': caching })
    if (endConditional(request, reply, { etag, lastModified: date })) return reply
    return reply.headers(answer.headers).send(answer.body)
  }

  /** The answer given before, if nothing changed since, else a new one. */
  #compose(
    { raw, method }: FastifyRequest,
    { checked, form = protocolForm }: ToldTorrent,
  ): TorrentResponse {
    const { options, responses } = this.#parts
    const { publicUrl, webSeeds, onTorrent } = options
    const address = publicAddress(raw, publicUrl)
    const trackers = this.#parts.trackers()
    const before = responses.recall(raw)
    if (before?.checked === checked && before.answer.trackers === trackers) return before.answer
    const parts = { trackers, addresses: [address, ...webSeeds] as const }
    const answer = composeResponse(checked, { ...parts, form })
    onTorrent?.(composeResponse(checked, { ...parts, form: protocolForm }).body)
    if (method === 'GET') responses.note(raw, checked, answer)
    return answer
  }
}
