import { removeRecords, UNUSED_FOR } from '../../disk/cache/maintain.js'
import { dayOf } from '../../disk/cache/records/record.js'
import type { CacheAccess } from '../../core/digests/cache-access.js'
import type { CacheTrust } from '../../disk/cache/trust.js'
import type { Engine } from '../../core/digests/hash-content.js'
import { openSmallFiles } from '../../core/digests/small-files.js'
import { accessCache } from '../../fleet/access.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { createThrottle } from '../../disk/hash/jobs/job.js'
import { WorkerPool } from '../../disk/hash/jobs/worker-pool.js'
import { openAdmission } from './admission.js'
import { Downloads } from '../files/downloads.js'
import { Feed } from '../views/feed.js'
import { DirectoryPages } from '../pages/directory-pages.js'
import { Listings } from '../pages/listings.js'
import type { MirrorServer, ServiceOptions } from '../options.js'
import { KnownSets } from '../torrents/known-sets.js'
import { PathSets } from '../torrents/path-sets.js'
import { hasListings } from '../pages/site-header.js'
import { FileSearch } from '../pages/search-page.js'
import { NameSearch } from '../kept/name-search.js'
import { seedAsked, seedRecorded } from '../torrents/asked.js'
import { ServiceStatus } from '../pages/status.js'
import { FileSwarms } from '../torrents/file-swarms.js'
import { GivenTorrents } from '../torrents/given-torrents.js'
import { openKnown } from '../torrents/known-results.js'
import type { MirrorFacts } from '../torrents/served-torrent.js'
import { Maker } from '../torrents/make.js'
import { ResponseCache } from '../kept/response-cache.js'
import { TorrentSender, trackTorrent } from '../views/response.js'
import { type MadeListener, Torrents } from '../torrents/torrents.js'
import {
  openTrackers,
  spreadTrackers,
  type TrackerSource,
  type TrackersWanted,
} from '../torrents/trackers.js'
import { followRoot, isRootThereSoon, realRootOf } from '../tree/root-watch.js'
import { FileDigests } from '../torrents/file-digests.js'
import { FileTorrents } from '../torrents/file-torrents.js'
import { Warmer } from '../torrents/warmer.js'
import type { ServerContext } from '../../server/context.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import type { FilesWanted } from '../../page-parts/results.js'
import type { InfoHash } from '../../metainfo/values.js'

/** Milliseconds for the last write to the cache: requests took up the other time of a stop. */
const LAST_WRITE = 500

/** All settings of a mirror. */
export interface MirrorSettings {
  readonly options: ServiceOptions
  readonly trackers: TrackersWanted
  readonly engine: Pick<Engine, 'threads'>
  /** Null for no cache. */
  readonly cacheDirectory: string | null
  readonly cacheTrust: CacheTrust
  /** Null to forget at the end what was requested. */
  readonly stateDirectory: string | null
  /** The machines to share digests with (default: none). */
  readonly share?: ShareRequest | null | undefined
}

/** A mirror whose routes can be registered in an application. */
export type OpenMirror = Awaited<ReturnType<typeof openMirror>>

/**
 * Opens threads, trackers and cache, and creates what answers requests.
 * @throws NoTrackers
 */
export async function openMirror(
  settings: MirrorSettings,
  world: ServerContext,
  server: MirrorServer,
) {
  const { options } = settings
  const realRoot = await realRootOf(options.mirror.root)
  const root = realRoot ?? options.mirror.root
  const resources = await openResources(settings, root, world)
  const makers = openMakers(options, resources, world)
  const opened = { options, resources, makers }
  const answers = openAnswers(opened, world)
  const search = hasListings(options) ? new NameSearch(options.mirror, world.onError) : null
  const pages = openPages({ ...opened, answers }, search, { ...world, server })
  const isRootThere = () => isRootThereSoon(options.mirror.root)
  /** Starts the work beside requests. Returns a function that ends it. */
  const start = () => {
    const { torrents, warmer } = makers
    const endTasks = startMirrorTasks({ ...settings, ...world, ...resources })
    const endFollowing = followRoot(options.mirror.root, realRoot, () => {
      torrents.expire()
    })
    const asked = { ...makers, ...resources, options, sets: answers.sets, realRoot: root }
    const begin = async () => {
      const isThere = options.seed !== null && (await isRootThere())
      // The torrents that it prepares do not depend on the record
      const withoutRecord = (error: unknown) => {
        world.onError(error)
        return []
      }
      warmer?.start(isThere ? await seedRecorded(asked).catch(withoutRecord) : [])
      if (isThere) await seedAsked(asked)
    }
    begin().catch(world.onError)
    return async () => {
      endFollowing()
      torrents.endAhead()
      search?.stop()
      await Promise.all([warmer?.stop(), endTasks()])
    }
  }
  const { onError } = world
  return { ...opened, answers, pages, isRootThere, start, onError, onRoute: server.onRoute }
}

interface Opened {
  readonly options: ServiceOptions
  readonly resources: Awaited<ReturnType<typeof openResources>>
  readonly makers: ReturnType<typeof openMakers>
}

/** Creates what answers with files and torrents. */
function openAnswers({ options, resources, makers }: Opened, clocks: ServerContext) {
  const { admission, torrents, digests, warmer } = makers
  const { current } = resources.trackers
  const responses = new ResponseCache()
  const swarms = new FileSwarms(swarmCounts(options), warmer)
  return {
    requesters: { options, memory: admission.memory },
    responses,
    swarms,
    downloads: new Downloads(options, digests, clocks),
    sender: new TorrentSender(options, { responses, swarms, torrents }, current),
    sets: new PathSets(options, admission.planner, torrents, resources.sets),
  }
}

/** Creates the pages. Pages of directories, and the search, are null if the mirror has none. */
function openPages(
  { options, resources, makers, answers }: Opened & { answers: ReturnType<typeof openAnswers> },
  search: NameSearch | null,
  world: ServerContext & { readonly server: MirrorServer },
) {
  const { admission, warmer } = makers
  const sizeBelow = (path: readonly string[]) => warmer?.sizeBelow(path) ?? null
  const listings = new Listings(options.mirror, admission.listingPlanner, sizeBelow, world)
  const common = {
    ...answers,
    planner: admission.listingPlanner,
    memory: admission.memory,
    trackers: resources.trackers.current,
  }
  const fileSearch = search && new FileSearch(options, { ...common, search })
  return {
    directoryPages: search && new DirectoryPages(options, { ...common, listings }, world),
    findFiles: fileSearch && ((wanted: FilesWanted) => fileSearch.find(wanted)),
    /** Null if there is no feed of new torrents. */
    feed: warmer && new Feed(options, warmer, answers.responses, common.trackers),
    status: new ServiceStatus(
      { ...makers, ...world, ...resources, options, cache: resources.cacheAccess.cache },
      world,
    ),
  }
}

/** Niceness of the hashing threads, so that the thread that answers requests comes first. */
const NICENESS = 19

async function openResources(settings: MirrorSettings, root: string, world: ServerContext) {
  const { engine, cacheDirectory, cacheTrust, share, trackers, stateDirectory } = settings
  const { now, warn } = world
  const current = await openTrackers(trackers, warn)
  const hashing = new AbortController()
  const pool = new WorkerPool(NICENESS)
  const place = { directory: cacheDirectory, now, warn, isService: true }
  const cacheAccess = accessCache({ ...place, trust: cacheTrust, share })
  await cacheAccess.cache.wake()
  const own: Engine = { ...engine, pool, signal: hashing.signal, isOffloaded: true }
  const sets = KnownSets.open({ ...world, stateDirectory, root })
  return {
    trackers: current,
    sets,
    cacheAccess,
    hashContext: { cacheAccess, engine: own, rules: { smallFiles: openSmallFiles() } },
    /** Ends all hashing, so that requests that wait for it are answered. */
    interrupt: () => {
      hashing.abort()
    },
    close: async () => {
      hashing.abort()
      await pool.close()
      await Promise.all([sets.close(), cacheAccess.cache.close(LAST_WRITE)])
    },
  }
}

/** Creates the makers of torrents and digests; no file is read twice at once. */
function openMakers(
  options: ServiceOptions,
  { hashContext, cacheAccess, trackers }: Awaited<ReturnType<typeof openResources>>,
  { now, monotonic, warn, onError }: ServerContext,
) {
  const { mirror, warm } = options
  const admission = openAdmission(options.limits)
  const { memory, hashing } = admission
  const maker = new Maker(admission.planner, admission.hashing, hashContext, options, {
    monotonic,
    warn,
  })
  const onMade = seedMade(options, trackers, cacheAccess)
  const known = openKnown({ hasGiven: options.torrents.length > 0 })
  const torrents = new Torrents(maker, known, memory, onMade, monotonic)
  const digests = new FileDigests(options, hashContext, hashing, known, memory)
  const given = new GivenTorrents(options.torrents, known, { now, warn })
  const files = new FileTorrents(torrents, given, options, now)
  const onReady = listSeeded(options, trackers)
  const made = { admission, torrents, digests, files, given, onMade, onReady }
  if (warm === null) return { ...made, warmer: null }
  if (!cacheAccess.cache.keepsAnything) {
    warn('--warm: ignored, because its work is kept in the cache, which cannot be used')
    return { ...made, warmer: null }
  }
  const throttle = warm.maxRate === null ? undefined : createThrottle(warm.maxRate)
  const work = {
    mirror,
    given,
    torrents: files,
    cacheAccess,
    throttle,
    onReady,
    onGone: (infoHash: InfoHash) => options.ownTracker?.remove(infoHash),
  }
  return { ...made, warmer: new Warmer({ ...work, monotonic, warn, onError, options: warm }) }
}

/** The counts of swarms: those of the tracker here, else this seed alone. */
function swarmCounts({ ownTracker, seed }: ServiceOptions) {
  if (!ownTracker || !seed) return ownTracker ?? seed
  const { banned } = ownTracker
  return { banned, countsOf: (hash: InfoHash) => ownTracker.countsOf(hash) ?? seed.countsOf(hash) }
}

/** Returns a function that gives each torrent to the seed; null without one. */
function seedMade(
  { seed }: ServiceOptions,
  trackers: TrackerSource,
  cacheAccess: CacheAccess,
): MadeListener | null {
  if (!seed) return null
  return ({ facts, core, infoLength, content, options }, source) => {
    const { infoHash, infoHashV2 } = facts.infoHashes
    const tiers = spreadTrackers(trackers.current(), infoHash ?? infoHashV2 ?? '')
    const made = 'file' in content ? { state: facts.state, infoLength } : null
    const own = { core, content, options, cacheAccess, source, made }
    seed.add({ infoHash, infoHashV2, trackers: tiers, ...own })
  }
}

/** Returns a function that lists torrents on the tracker here if they are seeded here, too. */
function listSeeded(options: ServiceOptions, trackers: TrackerSource) {
  return (torrent: MirrorFacts) => {
    if (options.seed) trackTorrent(torrent, options, trackers.current())
  }
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const REMOVED = 'removed while in use; restart to create it again'

interface Tended
  extends Pick<MirrorSettings, 'cacheDirectory'>, Pick<ServerContext, 'warn' | 'onError'> {
  readonly trackers: TrackerSource
  readonly cacheAccess: CacheAccess
}

/**
 * Starts the periodic tasks. Each minute it checks the trackers, whether the cache's file exists,
 * and whether its disk has space again. Each day it prunes the cache. Returns a function that ends
 * them.
 */
export function startMirrorTasks(tended: Tended): () => Promise<void> {
  const { trackers, cacheAccess, onError } = tended
  const { store } = cacheAccess.cache
  const prune = () => removeRecords(store, { before: dayOf(cacheAccess.now() - UNUSED_FOR) })
  let wasThere = true
  const look = () => {
    // One that failed has no bytes, and said so
    const isThere = store.state() !== 'off' || store.usedBytes() === 0
    if (wasThere && !isThere) tended.warn(`cache ${tended.cacheDirectory ?? ''}: ${REMOVED}`)
    wasThere = isThere
  }
  const tasks = [
    { act: () => trackers.refresh(), period: MINUTE },
    { act: look, period: MINUTE },
    { act: prune, period: DAY },
  ]
  prune().catch(onError)
  return startPeriodicTasks(tasks, onError)
}
