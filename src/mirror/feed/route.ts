import type { FastifyInstance } from 'fastify'
import { endConditional } from '../../server/answers/conditional.js'
import { publicAddress } from '../requests/public-address.js'
import { addReadRoute } from '../../server/answers/read-route.js'
import { FEED, type Feed } from './feed.js'

/** Adds the feed of new torrents. */
export function addFeedRoute(app: FastifyInstance, feed: Feed): void {
  addReadRoute(app, FEED, (request, reply) => {
    const address = publicAddress(request.raw, feed.parts.options.publicUrl)
    const { body, etag, sinceMs } = feed.compose(address)
    const lastModified = new Date(sinceMs).toUTCString()
    reply.headers({ ETag: etag, 'Last-Modified': lastModified, 'Cache-Control': 'no-cache' })
    if (endConditional(request, reply, { etag, lastModified })) return reply
    return reply
      .headers({
        'Content-Type': 'application/rss+xml; charset=utf-8',
        'Content-Length': body.length,
      })
      .send(body)
  })
}
