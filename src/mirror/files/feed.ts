import { SERVICE_NAME } from '../tree/mirror.js'
import type { FastifyInstance } from 'fastify'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import type { ServiceOptions } from '../options.js'
import { publicAddress, viewByQuery } from '../requests/address.js'
import { surround, torrentLength } from './response.js'
import { trackersAt, type TrackerList } from '../torrents/trackers.js'
import { creationDateOf } from '../../disk/file-lists/fingerprint.js'
import type { WarmFile, Warmer } from '../warm/feed.js'
import { addReadRoute } from '../../server/headers/accept.js'
import { endConditional, etagOf } from '../../server/headers/conditional.js'
import { composeFeed, type FeedItem } from '../../base/text/feed.js'

const FEED = '/-/feed.xml'

/** A feed as it is sent. */
interface ComposedFeed {
  readonly body: Buffer
  readonly etag: string
}

/** A feed, with the inputs it was made from. */
interface KeptFeed extends ComposedFeed {
  readonly address: string
  readonly version: number
  readonly trackers: TrackerList
}

/** The newest torrents that are ready, for subscribers. */
export class Feed {
  /** The last one: nearly all subscribers reach the mirror at one address. */
  #kept: KeptFeed | null = null

  /** `currentTrackers` returns the trackers of torrents at present. */
  constructor(
    readonly options: Pick<
      ServiceOptions,
      'webSeeds' | 'httpSeeds' | 'publicUrl' | 'prefix' | 'warm' | 'tracker' | 'siteName'
    >,
    private readonly files: Pick<Warmer, 'newest' | 'version'>,
    private readonly currentTrackers: () => TrackerList,
  ) {}

  /** The current feed for clients that reach the mirror at that address. */
  compose(address: string): ComposedFeed {
    const { files } = this
    const trackers = this.currentTrackers()
    const kept = this.#kept
    const isOfAddress = kept?.address === address
    if (isOfAddress && kept.version === files.version && kept.trackers === trackers) return kept
    const { version } = files
    const body = Buffer.from(this.#write(address, trackers))
    const etag = etagOf(body)
    this.#kept = { body, etag, address, version, trackers }
    return this.#kept
  }

  #write(address: string, current: TrackerList): string {
    const { webSeeds, httpSeeds, warm, tracker, siteName: name } = this.options
    const trackers = trackersAt(current, tracker, address)
    const addresses = [address, ...webSeeds] as const
    const around = { trackers, addresses, httpSeeds, peers: [] }
    const since = warm?.feedSince ?? 0
    const items = this.files.newest
      .filter(({ path, fingerprint }) => {
        // Below its own prefix the service answers itself
        return path[1] !== SERVICE_NAME && modifiedMs(fingerprint) >= since
      })
      .map((file) => itemOf(file, around))
    return composeFeed({ link: directoryAddress(address, []), name, self: address + FEED }, items)
  }
}

/** In milliseconds since 1970. */
function modifiedMs({ mtimeNs }: WarmFile['fingerprint']): number {
  return Number(mtimeNs / 1_000_000n)
}

function itemOf(
  { path, fingerprint, torrent }: WarmFile,
  around: Parameters<typeof surround>[1],
): FeedItem {
  const { infoHash = '', infoLength = 0, givenLength } = torrent ?? {}
  const { mtimeNs, size } = fingerprint
  const surroundings = surround({ infoHash, directory: path.slice(0, -1), title: { path } }, around)
  const made = torrentLength(infoLength, surroundings, creationDateOf(mtimeNs))
  return {
    title: path.join('/'),
    address: viewByQuery(fileAddress(around.addresses[0], path), 'torrent'),
    infoHash,
    time: modifiedMs(fingerprint),
    torrentSize: givenLength ?? made,
    contentSize: size,
  }
}

/** Adds the feed of new torrents. */
export function addFeedRoute(app: FastifyInstance, feed: Feed): void {
  addReadRoute(app, FEED, (request, reply) => {
    const address = publicAddress(request.raw, feed.options)
    const { body, etag } = feed.compose(address)
    reply.headers({ ETag: etag, 'Cache-Control': 'no-cache' })
    if (endConditional(request, reply, { etag, lastModified: null })) return reply
    return reply
      .headers({
        'Content-Type': 'application/rss+xml; charset=utf-8',
        'Content-Length': body.length,
      })
      .send(body)
  })
}
