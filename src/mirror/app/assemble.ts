import type { HashContext } from '../../core/digests/hash-content.js'
import { buildApp, type AppParts } from './app.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import { openHashingServices, type HashingServices } from './hashing-services.js'
import { openReports } from './reports.js'
import { DirectoryListings } from '../tree/directory-listings.js'
import { RootWatch } from '../tree/root-watch.js'
import type { ServiceOptions } from '../options.js'
import { openDirectoryPages } from '../listing/open.js'
import { KnownSets, SET_LIMITS } from '../pkgtorrent/known-sets.js'
import { PathSets } from '../pkgtorrent/path-sets.js'
import { Requesters } from '../requests/requester.js'
import { BusyTorrents } from '../torrents/busy-torrents.js'
import type { CurrentTorrent, OnDemand } from '../torrents/on-demand.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import type { AccessLog } from '../../server/exchange/access-log.js'
import { keptAnswers } from '../torrents/kept-answers.js'
import { ResponseCache } from '../torrents/response-cache.js'
import type { Exchange } from '../../server/exchange/exchange.js'
import { RequestFigures } from '../../server/metrics/request-figures.js'
import { Feed } from '../feed/feed.js'
import type { Warmer } from '../warm/warmer.js'
import { TorrentSender } from '../torrents/send.js'
import { FileTorrents } from '../views/file-torrents.js'
import { DirectoryTorrents } from '../views/directory-torrents.js'
import type { ServerContext } from '../../server/context.js'
import { LRUCache } from 'lru-cache'

/** Most paths whose warnings are remembered. */
const MAX_WARNED = 1000

export interface AssemblyParts extends Pick<ServerContext, 'monotonic' | 'warn' | 'onError'> {
  readonly options: ServiceOptions
  /** The engine must use a pool's threads, and do all its work there. */
  readonly hashContext: HashContext
  /** Whether clients wait for their connections to be accepted. */
  readonly isPressed: () => boolean
  readonly trackers: TrackerSource
  readonly log: AccessLog
  /** Number of log lines dropped so far. */
  readonly droppedLines: () => number
  /** Size of the cache's file in bytes. */
  readonly cacheSize: () => Promise<number>
}

/** A service that answers requests and can be closed. */
export interface AssembledService {
  readonly handler: Handler
  readonly exchanges: Exchanges
  /** Hashes ahead; must be started and stopped. Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
  /** Reads which sets are in the cache, so that their number can be bounded. */
  readonly loadSets: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Creates the parts that answer requests. */
export async function assembleService(parts: AssemblyParts): Promise<AssembledService> {
  const { options, trackers, log, monotonic, onError } = parts
  const { cacheAccess } = parts.hashContext
  const { now } = cacheAccess
  const makers = openHashingServices(parts)
  const { admission, onDemand, warmer } = makers
  const requests = new RequestFigures()
  const report = (exchange: Exchange) => {
    requests.note(exchange)
    log.note(exchange)
  }
  const exchanges = new Exchanges({ report, monotonic })
  const responses = createResponseCache(parts, onDemand)
  const busy = new BusyTorrents(monotonic)
  const reports = openReports({ ...parts, cacheAccess, makers, requests, exchanges, busy })
  const root = new RootWatch(options.mirror.root)
  const status = { ...reports, isRootThere: () => root.isThere() }
  const contents = openContents(parts, makers)
  const sender = new TorrentSender({ options, responses, busy, trackers: trackers.current })
  const feed = warmer && new Feed({ options, files: warmer.files, trackers: trackers.current, now })
  const onRoute: AppParts['onRoute'] = (request, route) => {
    exchanges.setRoute(request, route)
  }
  const app = buildApp({ options, ...contents, sender, status, feed, onRoute, onError })
  await app.ready()
  const onKept = ({ torrent }: CurrentTorrent) => {
    onDemand.origins.memory++
    busy.note(torrent)
  }
  const answerKept = keptAnswers({ responses, onKept, exchanges, report, monotonic })
  const handler: Handler = (request, response) => {
    if (root.hasMoved()) onDemand.expire()
    if (answerKept(request, response)) return
    exchanges.begin(request, response)
    app.routing(request, response)
  }
  const loadSets = () => admission.runSteps(contents.known.load())
  const close = async () => {
    reports.stop()
    await app.close()
  }
  return { handler, exchanges, warmer, loadSets, close }
}

/** Creates the sources of answers, with the limits on their cost. */
function openContents(
  { options, hashContext, monotonic, warn, onError }: AssemblyParts,
  { admission, onDemand, digests, given }: HashingServices,
) {
  const { cache, now } = hashContext.cacheAccess
  const requesters = new Requesters(options, admission.memory)
  const listings = new DirectoryListings({ now, monotonic })
  const shared = { options, onDemand, listings, tellOmitted: warningOnce(warn) }
  const known = new KnownSets({ cache, limits: SET_LIMITS, monotonic })
  const listed = { ...admission, entries: listings, requesters, monotonic, now, onError }
  const sets = new PathSets({ ...admission, ...shared, known })
  return {
    known,
    requesters,
    sets,
    files: new FileTorrents({ sets, given, pieceLength: options.pieceLength, now }),
    directories: new DirectoryTorrents({ ...shared, monotonic }),
    directoryPages: openDirectoryPages(options, listed),
    digests,
    runSteps: admission.runSteps,
    now,
  }
}

function createResponseCache({ trackers }: AssemblyParts, onDemand: OnDemand): ResponseCache {
  return new ResponseCache({
    isCurrent: ({ checked, answer }) => {
      return onDemand.isFresh(checked) && answer.trackers === trackers.current()
    },
  })
}

/** Warns the operator of paths that cannot be read, once for each. */
function warningOnce(warn: (message: string) => void): (path: string) => void {
  const warned = new LRUCache<string, true>({ max: MAX_WARNED })
  return (path) => {
    if (warned.has(path)) return
    warned.set(path, true)
    warn(`${path}: cannot be read, so torrents leave it out; correct its permissions`)
  }
}
