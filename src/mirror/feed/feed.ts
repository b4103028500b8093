import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import { endConditional, etagOf } from '../../server/answers/conditional.js'
import { addReadRoute } from '../../server/answers/accept.js'
import { html, type Html } from '../../text/html.js'
import type { ServiceOptions } from '../options.js'
import { publicAddress } from '../requests/public-address.js'
import { viewByQuery } from '../requests/asked-view.js'
import { type MirrorAddresses, surround, torrentLength } from '../torrents/response.js'
import type { TrackerList } from '../torrents/trackers.js'
import type { WarmFile, WarmFiles } from '../warm/warm-files.js'

/** Most addresses of the mirror with a kept feed; requests may name any address. */
const MOST_FEEDS = 16

export const FEED = '/-/feed.xml'

/** A feed as it is sent. */
export interface ComposedFeed {
  readonly body: Buffer
  readonly etag: string
}

/** A feed, with the inputs it was made from. */
interface KeptFeed extends ComposedFeed {
  readonly version: number
  readonly trackers: TrackerList
}

/** The newest torrents that are ready, for subscribers. */
export class Feed {
  readonly #kept = new LRUCache<string, KeptFeed>({ max: MOST_FEEDS })

  /** `currentTrackers` returns the trackers of torrents at present. */
  constructor(
    readonly options: Pick<
      ServiceOptions,
      'webSeeds' | 'httpSeeds' | 'serviceName' | 'publicUrl' | 'prefix' | 'warm'
    >,
    private readonly files: WarmFiles,
    private readonly currentTrackers: () => TrackerList,
  ) {}

  /** The current feed for clients that reach the mirror at that address. */
  compose(address: string): ComposedFeed {
    const { files } = this
    const trackers = this.currentTrackers()
    const kept = this.#kept.get(address)
    if (kept?.version === files.version && kept.trackers === trackers) return kept
    const { version } = files
    const body = Buffer.from(this.#write(address, trackers))
    const etag = etagOf(body)
    const composed = { body, etag, version, trackers }
    this.#kept.set(address, composed)
    return composed
  }

  #write(address: string, trackers: TrackerList): string {
    const { files, options } = this
    const { webSeeds, httpSeeds } = options
    const around: Around = { trackers, addresses: [address, ...webSeeds], httpSeeds }
    const since = options.warm?.feedSince ?? 0
    const shown = files.newest.filter(({ path, fingerprint }) => {
      // Below its own prefix the service answers itself
      return path[1] !== options.serviceName && modifiedMs(fingerprint) >= since
    })
    const items = shown.map((file) => describe(file, around))
    const root = directoryAddress(address, [])
    const title = address.replace(/^https?:\/\//, '')
    return composeRss({ title, root, address: address + FEED }, items)
  }
}

/** In milliseconds since 1970. */
function modifiedMs({ mtimeNs }: WarmFile['fingerprint']): number {
  return Number(mtimeNs / 1_000_000n)
}

interface Around {
  readonly trackers: TrackerList
  readonly addresses: MirrorAddresses
  readonly httpSeeds: readonly string[]
}

function describe({ path, fingerprint, torrent }: WarmFile, around: Around): FeedItem {
  const { infoHash = '', infoLength = 0, givenLength } = torrent ?? {}
  const { mtimeNs, size } = fingerprint
  const surroundings = surround({ infoHash, directory: path.slice(0, -1) }, around)
  return {
    title: path.join('/'),
    address: viewByQuery(fileAddress(around.addresses[0], path), 'torrent'),
    length:
      givenLength ?? torrentLength(infoLength, surroundings, Number(mtimeNs / 1_000_000_000n)),
    size,
    infoHash,
    modifiedMs: modifiedMs(fingerprint),
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

/** A torrent in a feed. */
export interface FeedItem {
  /** The path of its file. */
  readonly title: string
  /** URL of the .torrent. */
  readonly address: string
  /** Size of the .torrent in bytes. */
  readonly length: number
  /** Size of the file in bytes. */
  readonly size: number
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** When the file was last modified, in milliseconds since 1970. */
  readonly modifiedMs: number
}

/** The addresses and title of a feed. */
export interface FeedChannel {
  readonly title: string
  /** URL of the mirror's root, with a slash at its end. */
  readonly root: string
  /** URL of the feed itself. */
  readonly address: string
}

/** Minutes before subscribers may ask again. */
const TTL = 5

/** Characters that XML 1.0 cannot contain even escaped, except those that are never sent. */
const NO_XML = /[\ufffe\uffff]/g

/**
 * Writes a feed of torrents (BEP 36): RSS 2.0 with each torrent as an enclosure. The `torrent`
 * namespace holds the info hash and the content's size.
 */
export function composeRss(
  { title, root, address }: FeedChannel,
  items: readonly FeedItem[],
): string {
  const channel = html`<rss
    version="2.0"
    xmlns:atom="http://www.w3.org/2005/Atom"
    xmlns:torrent="http://xmlns.ezrss.it/0.1/"
  >
    <channel>
      <title>${title}</title>
      <link>${root}</link>
      <description>New torrents of ${title}</description>
      <ttl>${TTL}</ttl>
      <atom:link href="${address}" rel="self" type="application/rss+xml" />
      ${items.map(composeItem)}
    </channel>
  </rss>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${channel.text}\n`
}

function composeItem(item: FeedItem): Html {
  const { title, address, length, size, infoHash, modifiedMs } = item
  return html`<item>
    <title>${title.replace(NO_XML, '\ufffd')}</title>
    <link>${address}</link>
    <guid isPermaLink="false">urn:btih:${infoHash}</guid>
    <pubDate>${new Date(modifiedMs).toUTCString()}</pubDate>
    <enclosure url="${address}" length="${length}" type="application/x-bittorrent" />
    <torrent:infoHash>${infoHash.toUpperCase()}</torrent:infoHash>
    <torrent:contentLength>${size}</torrent:contentLength>
  </item>`
}
