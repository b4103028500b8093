import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceOptions } from '../service-options.js'
import { composeAnswer, type TorrentAnswer } from '../torrents/answer.js'
import type { Patience } from '../torrents/flight.js'
import type { CheckedTorrent } from '../torrents/on-demand.js'
import type { TrackerList } from '../torrents/tracker-list.js'
import { isUnmodified } from './conditional.js'
import type { FastLane } from './fast-lane.js'
import { publicAddress } from './public-address.js'

/** Answers requests with torrents. */
export class TorrentSender {
  constructor(
    readonly options: ServiceOptions,
    readonly lane: FastLane,
    /** The trackers of this moment. */
    readonly trackers: () => TrackerList,
  ) {}

  /** How long a client waits: as long as it is there, within the limit. */
  patienceOf(reply: FastifyReply): Patience {
    const onGone = (act: () => void) => {
      reply.raw.once('close', act)
    }
    return { milliseconds: this.options.limits.wait, onGone }
  }

  /** Sends a torrent, or word that the client has it already. */
  send(request: FastifyRequest, reply: FastifyReply, checked: CheckedTorrent): FastifyReply {
    const answer = this.#compose(request, checked)
    const etag = answer.headers['ETag'] ?? ''
    const lastModified = answer.headers['Last-Modified'] ?? ''
    // What may change within the second has no date that could be relied on
    const date = checked.torrent.isSettled ? lastModified : null
    if (isUnmodified(request.headers, { etag, lastModified: date })) {
      const { 'Cache-Control': caching } = answer.headers
      reply.headers({ ETag: etag, 'Last-Modified': lastModified, 'Cache-Control': caching })
      return reply.code(304).send()
    }
    return reply.headers(answer.headers).send(answer.body)
  }

  /** The answer given before, if nothing changed since, else a new one. */
  #compose({ raw, method }: FastifyRequest, checked: CheckedTorrent): TorrentAnswer {
    const { publicUrl, webSeeds } = this.options
    const address = publicAddress(raw, publicUrl)
    const trackers = this.trackers()
    const before = this.lane.recall(raw)
    if (before?.checked === checked && before.answer.trackers === trackers) return before.answer
    const answer = composeAnswer(checked, trackers, [address, ...webSeeds])
    if (method === 'GET') this.lane.note(raw, checked, answer)
    return answer
  }
}
