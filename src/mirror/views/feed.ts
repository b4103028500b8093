import { SERVICE_NAME } from '../tree/mirror.js'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { directoryAddress, fileAddress } from '../../metainfo/trackers.js'
import type { ServiceOptions } from '../options.js'
import { publicAddress, viewByQuery } from '../tree/address.js'
import { isAmong } from '../../metainfo/info-hash.js'
import { surround, torrentLength } from './response.js'
import type { ResponseCache } from '../kept/response-cache.js'
import { trackersAt, type TrackerList } from '../torrents/trackers.js'
import { creationDateOf } from '../../disk/file-lists/fingerprint.js'
import type { WarmFile, Warmer } from '../torrents/warmer.js'
import { addAnswers, type Answer, encoded, textAnswer } from '../../server/headers/answer.js'
import { composeFeed, type FeedItem } from '../../core/rss.js'

const FEED = '/-/feed.xml'

/** The newest torrents that are ready, for subscribers. */
export class Feed {
  /** `currentTrackers` returns the trackers of torrents at present. */
  constructor(
    private readonly options: Pick<
      ServiceOptions,
      'webSeeds' | 'publicUrl' | 'ownTracker' | 'siteName'
    >,
    private readonly files: Pick<Warmer, 'newest' | 'version'>,
    private readonly responses: ResponseCache,
    private readonly currentTrackers: () => TrackerList,
  ) {}

  /** The current feed for clients that reach the mirror at the address of a request. */
  async answer(request: IncomingMessage): Promise<Answer> {
    const before = this.responses.recall(request)
    const [kept] = before?.isCurrent() ? before.parts : []
    if (before && kept) return { status: 200, headers: before.headers, body: kept }
    const { version } = this.files
    const trackers = this.currentTrackers()
    const banned = this.options.ownTracker?.banned()
    const isCurrent = () => {
      if (this.options.ownTracker?.banned() !== banned) return false
      return this.files.version === version && this.currentTrackers() === trackers
    }
    const text = this.#write(publicAddress(request, this.options), trackers)
    const feed = textAnswer('application/rss+xml; charset=utf-8', text)
    const answer = await encoded(request, feed)
    const { headers, body } = answer
    const parts = [Buffer.from(body)]
    this.responses.note(request, { parts, length: body.length, headers, route: FEED, isCurrent })
    return answer
  }

  #write(address: string, current: TrackerList): string {
    const { webSeeds, ownTracker: tracker, siteName: name } = this.options
    const trackers = trackersAt(current, tracker, address)
    const addresses = [address, ...webSeeds] as const
    const around = { trackers, addresses, peers: [] }
    const items = this.files.newest
      // Below its own prefix the service answers itself
      .filter(({ path }) => path[1] !== SERVICE_NAME)
      .filter(({ torrent }) => !(torrent && isAmong(torrent.infoHashes, tracker?.banned())))
      .map((file) => itemOf(file, around))
    return composeFeed({ link: directoryAddress(address, []), name, self: address + FEED }, items)
  }
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
    // In milliseconds since 1970
    time: Number(mtimeNs / 1_000_000n),
    torrentSize: givenLength ?? made,
    contentSize: size,
  }
}

/** Adds the feed of new torrents. */
export function addFeedRoute(app: FastifyInstance, feed: Feed): void {
  addAnswers(app, FEED, ({ raw }) => feed.answer(raw))
}
