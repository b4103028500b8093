import type { HashContext } from '../../core/digests/hash-content.js'
import type { RouteParts } from './routes.js'
import { openHashingServices, type HashingServices } from './hashing-services.js'
import { openReports } from './reports.js'
import { DirectoryListings } from '../tree/directory-listings.js'
import { RootWatch } from '../tree/root-watch.js'
import type { ServiceOptions } from '../options.js'
import { openDirectoryPages } from '../listing/open.js'
import { KnownSets, SET_LIMITS } from '../pkgtorrent/known-sets.js'
import { PathSets } from '../pkgtorrent/path-sets.js'
import { Requesters } from '../requests/requester.js'
import type { OnDemand } from '../torrents/on-demand.js'
import type { TrackerSource } from '../torrents/tracker-source.js'
import { ResponseCache } from '../torrents/response-cache.js'
import type { RequestFigures } from '../../server/metrics/request-figures.js'
import { Feed } from '../feed/feed.js'
import type { Warmer } from '../warm/warmer.js'
import { FileSwarms } from '../torrents/file-swarms.js'
import { TorrentSender } from '../torrents/send.js'
import { FileTorrents } from '../views/file-torrents.js'
import { DirectoryTorrents } from '../views/directory-torrents.js'
import type { ServerContext } from '../../server/context.js'
import { LRUCache } from 'lru-cache'

/** Most paths whose warnings are remembered. */
const MAX_WARNED = 1000

export interface MirrorParts
  extends Pick<ServerContext, 'monotonic' | 'warn' | 'onError'>, Pick<RouteParts, 'onRoute'> {
  readonly options: ServiceOptions
  /** The engine must use a pool's threads, and do all its work there. */
  readonly hashContext: HashContext
  readonly trackers: TrackerSource
  readonly requests: RequestFigures
  /** Open connections; null if another program's server has them. */
  readonly connections: () => number | null
  /** Number of log lines dropped so far. */
  readonly droppedLines: () => number
  /** Size of the cache's file in bytes. */
  readonly cacheSize: () => Promise<number>
}

/** A mirror whose routes can be registered in an application. */
export interface AssembledMirror {
  readonly routes: RouteParts
  readonly onDemand: OnDemand
  /** The torrents of the last second as they were sent. */
  readonly responses: ResponseCache
  /** Hashes ahead; must be started and stopped. Null if nothing is hashed ahead. */
  readonly warmer: Warmer | null
  /** Reads which sets are in the cache, so that their number can be bounded. */
  readonly loadSets: () => Promise<void>
  /** Forgets torrents that are kept for a second if the root is another directory now. */
  readonly followRoot: () => void
}

/** Creates the parts that answer requests, on whatever server. */
export function assembleMirror(parts: MirrorParts): AssembledMirror {
  const { options, trackers, onRoute, onError } = parts
  const { cacheAccess } = parts.hashContext
  const makers = openHashingServices(parts)
  const { onDemand, warmer } = makers
  const responses = createResponseCache(parts, onDemand)
  const reports = openReports({ ...parts, cacheAccess, makers })
  const root = new RootWatch(options.mirror.root)
  const status = {
    report: reports.report,
    describe: options.metrics ? reports.describe : null,
    isRootThere: () => root.isThere(),
  }
  const swarms = new FileSwarms({ tracker: options.tracker, warm: warmer?.files ?? null })
  const { known, ...contents } = openContents(parts, makers, swarms)
  const { current } = trackers
  const sender = new TorrentSender({ options, responses, swarms, trackers: current })
  const feed =
    warmer && new Feed({ options, files: warmer.files, trackers: current, now: cacheAccess.now })
  return {
    routes: { options, ...contents, sender, status, feed, onRoute, onError },
    onDemand,
    responses,
    warmer,
    loadSets: () => {
      known.load()
      return Promise.resolve()
    },
    followRoot: () => {
      if (root.hasMoved()) onDemand.expire()
    },
  }
}

/** Creates the sources of answers, with the limits on their cost. */
function openContents(
  { options, hashContext, monotonic, warn, onError }: MirrorParts,
  { admission, onDemand, digests, given }: HashingServices,
  swarms: FileSwarms,
) {
  const { cache, now } = hashContext.cacheAccess
  const requesters = new Requesters(options, admission.memory)
  const listings = new DirectoryListings({ now, monotonic })
  const shared = { options, onDemand, listings, tellOmitted: warningOnce(warn) }
  const known = new KnownSets({ cache, limits: SET_LIMITS, monotonic })
  const listed = { ...admission, requesters, swarms, monotonic, now, onError }
  const sets = new PathSets({ ...admission, ...shared, known })
  return {
    known,
    requesters,
    sets,
    files: new FileTorrents({ sets, given, pieceLength: options.pieceLength, now }),
    directories: new DirectoryTorrents({ ...shared, monotonic }),
    directoryPages: openDirectoryPages(options, listed),
    digests,
    now,
  }
}

function createResponseCache({ trackers }: MirrorParts, onDemand: OnDemand): ResponseCache {
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
