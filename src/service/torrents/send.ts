import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceOptions } from '../options.js'
import { composeResponse, type TorrentResponse } from './response.js'
import type { CheckedTorrent } from './on-demand.js'
import type { TrackerList } from './tracker-list.js'
import { endConditional } from '../web/conditional.js'
import type { ResponseCache } from './response-cache.js'
import { publicAddress } from '../web/public-address.js'

/** Answers requests with torrents. */
export class TorrentSender {
  constructor(
    readonly options: ServiceOptions,
    readonly responses: ResponseCache,
    /** The trackers of this moment. */
    readonly trackers: () => TrackerList,
  ) {}

  /** Sends a torrent, or word that the client has it already, or wants another. */
  send(request: FastifyRequest, reply: FastifyReply, checked: CheckedTorrent): FastifyReply {
    const answer = this.#compose(request, checked)
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
  #compose({ raw, method }: FastifyRequest, checked: CheckedTorrent): TorrentResponse {
    const { publicUrl, webSeeds } = this.options
    const address = publicAddress(raw, publicUrl)
    const trackers = this.trackers()
    const before = this.responses.recall(raw)
    if (before?.checked === checked && before.answer.trackers === trackers) return before.answer
    const answer = composeResponse(checked, trackers, [address, ...webSeeds])
    if (method === 'GET') this.responses.note(raw, checked, answer)
    return answer
  }
}
