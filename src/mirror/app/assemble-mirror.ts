import { LRUCache } from 'lru-cache'
import type { HashContext } from '../../core/digests/hash-content.js'
import { createThrottle } from '../../hash/jobs/throttle.js'
import type { ServerContext } from '../../server/context.js'
import { formatMetrics } from '../../server/metrics/metrics.js'
import type { RequestFigures } from '../../server/metrics/request-figures.js'
import { openAdmission } from '../admission/admission.js'
import { Feed } from '../feed/feed.js'
import { DirectoryPages } from '../listing/directory-pages.js'
import { Listings } from '../listing/listings.js'
import type { ServiceOptions } from '../options.js'
import { KnownSets } from '../pkgtorrent/known-sets.js'
import { PathSets } from '../pkgtorrent/path-sets.js'
import { Requesters } from '../requests/requester.js'
import { hasListings } from '../requests/site-header.js'
import { serviceMetrics, StatusSource, warmMetrics } from '../status/status.js'
import { FileClaims } from '../torrents/file-claims.js'
import { FileHasher } from '../torrents/file-hasher.js'
import { FileSwarms } from '../torrents/file-swarms.js'
import { GivenTorrents } from '../torrents/given-torrents.js'
import { HashedBytes } from '../torrents/hashed-bytes.js'
import { OnDemand } from '../torrents/on-demand.js'
import { ResponseCache } from '../torrents/response-cache.js'
import { TorrentSender } from '../torrents/response.js'
import type { TrackerSource } from '../torrents/trackers.js'
import { RootWatch } from '../tree/root-watch.js'
import { DirectoryTorrents } from '../views/directory-torrents.js'
import { FileDigests } from '../views/file-digests.js'
import { FileTorrents } from '../views/file-torrents.js'
import { Warmer } from '../warm/warmer.js'
import type { RouteParts } from './routes.js'

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
  /** Forgets torrents that are kept for a second if the root is another directory now. */
  readonly followRoot: () => void
}

/** Creates the parts that answer requests, on whatever server. */
export function assembleMirror(parts: MirrorParts): AssembledMirror {
  const { options, trackers, onRoute, onError } = parts
  const { current } = trackers
  const makers = openMakers(parts)
  const { onDemand, warmer } = makers
  const responses = new ResponseCache({
    isCurrent: ({ checked, answer }) => onDemand.isFresh(checked) && answer.trackers === current(),
  })
  const root = new RootWatch(options.mirror.root)
  const reports = openReports(parts, makers)
  const status = { ...reports, isRootThere: () => root.isThere() }
  const swarms = new FileSwarms(options.tracker, warmer?.files ?? null)
  const contents = openContents(parts, makers, swarms)
  const sender = new TorrentSender({ options, responses, swarms, trackers: current })
  const feed = warmer && new Feed(options, warmer.files, current)
  return {
    routes: { options, ...contents, sender, status, feed, onRoute, onError },
    onDemand,
    responses,
    warmer,
    followRoot: () => {
      if (root.hasMoved()) onDemand.expire()
    },
  }
}

/** Creates the makers of torrents and digests; no file is read twice at once. */
function openMakers({ options, hashContext, monotonic, warn, onError }: MirrorParts) {
  const { mirror, pieceLength, serviceName, markPadFiles, minAge, warm } = options
  const { cacheAccess } = hashContext
  const admission = openAdmission(options.limits)
  const hashed = new HashedBytes()
  const reading = { mirror, hashContext, claims: new FileClaims(), hashed }
  const hasher = new FileHasher({ ...reading, queue: admission.hashing })
  const digests = new FileDigests({ ...admission, ...reading, pieceLength, minAge, monotonic })
  const onDemand = new OnDemand({ ...admission, cacheAccess, hasher, minAge, monotonic })
  const given = new GivenTorrents(options.torrents, { now: cacheAccess.now, warn })
  const made = { admission, onDemand, digests, hashed, given }
  if (warm === null) return { ...made, warmer: null }
  if (!cacheAccess.cache.keepsAnything) {
    warn('--warm: ignored, because its work is kept in the cache; leave out --no-cache')
    return { ...made, warmer: null }
  }
  const throttle = warm.maxRate === null ? undefined : createThrottle(warm.maxRate)
  const content = { mirror, serviceName, markPadFiles, minAge, pieceLength }
  const work = { given, hasher, hashContext, monotonic, warn, onError, throttle }
  return { ...made, warmer: new Warmer({ ...content, ...work, options: warm }) }
}

type Makers = ReturnType<typeof openMakers>

/** Creates the sources of answers, with the limits on their cost. */
function openContents(
  { options, hashContext, monotonic, warn }: MirrorParts,
  { admission, onDemand, digests, given }: Makers,
  swarms: FileSwarms,
) {
  const { cache, now } = hashContext.cacheAccess
  const requesters = new Requesters(options, admission.memory)
  const shared = { options, onDemand, tellOmitted: warningOnce(warn) }
  const known = new KnownSets(cache)
  const { listingPlanner: planner } = admission
  const listings = new Listings(options.mirror, planner, { now, monotonic })
  const sets = new PathSets({ ...admission, ...shared, known })
  return {
    requesters,
    sets,
    files: new FileTorrents(onDemand, given, options),
    directories: new DirectoryTorrents({ ...shared, monotonic }),
    directoryPages: hasListings(options)
      ? new DirectoryPages(options, { listings, planner, requesters, swarms }, now)
      : null,
    digests,
    now,
  }
}

/** Creates the service's reports on itself: for people, and for Prometheus if it is wanted. */
function openReports(parts: MirrorParts, makers: Makers) {
  const { options, trackers, hashContext, cacheSize, monotonic } = parts
  const { admission, onDemand, digests, hashed, warmer } = makers
  const { cache, now } = hashContext.cacheAccess
  const describe = async () => {
    const [droppedLines, connections] = [parts.droppedLines(), parts.connections()]
    const measured = { ...parts, ...makers, connections, droppedLines }
    const metrics = serviceMetrics({ ...measured, cacheSize: await cacheSize() })
    const ahead = { bytes: hashed.ahead, jobs: admission.hashing.ahead }
    return formatMetrics([...metrics, ...warmMetrics(warmer, ahead)])
  }
  const source = new StatusSource({
    version: options.version,
    makers: [onDemand, digests],
    onDemand,
    hashed,
    admission,
    cache,
    cacheSize,
    warm: () => {
      const work = { running: admission.hashing.ahead, bytesHashed: hashed.ahead }
      return warmer && { ...warmer.files.counts, ...work }
    },
    trackers: () => trackers.current(),
    now,
    monotonic,
  })
  return { report: () => source.current(), describe: options.metrics ? describe : null }
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
