import { runtimeDirectory } from '../../base/directories.js'
import { boundHeapGrowth, boundYoungHeap } from '../../base/heap-growth.js'
import { withHashContext } from './engine.js'
import type { Io } from '../io.js'
import type { HashContext } from '../../core/digests/hash-content.js'
import { nameProblem, SeedKeeper, type SeedTarget } from '../../core/keep-seeded/reconcile.js'
import { type PlacesOptions, torrentPlaces } from '../../core/keep-seeded/wanted.js'
import type { WholeTorrent } from '../../core/keep-seeded/whole-data.js'
import { OwnTarget } from '../../seeding/peer/own-target.js'
import { SeedService, type SeedServiceOptions } from '../../seeding/peer/service.js'
import type { OnTrackerChange } from '../../seeding/peer/announcer.js'
import { answerStatus } from '../../seeding/clients/seeds.js'
import { version } from '../../base/process.js'
import {
  type Display,
  type DisplayOptions,
  followTorrents,
  openDisplay,
} from '../output/torrent-display.js'
import { count } from '../../base/text/quantity.js'
import type { ListedTorrent } from '../output/torrent-json.js'
import { BtkitError } from '../../base/errors.js'
import { clientInfoHash } from '../../core/publish/client.js'
import { ClientTarget } from '../../core/keep-seeded/client-target.js'
import { GivenRecord } from '../../core/keep-seeded/given.js'
import { waitingFor } from '../../core/publish/wait-for.js'
import type { Report } from '../output/report.js'
import {
  clientPatience,
  type NamedClient,
  openClients,
  type SightOptions,
  syncClient,
} from './clients.js'
import { serviceManager } from './service-manager.js'

/** The torrents of a run of `seed` or `launchmany`, and where their data is. */
interface KeptTorrents {
  readonly options: DisplayOptions &
    Parameters<typeof withHashContext>[0] & {
      /** In milliseconds. */
      readonly parseDirInterval: number
    }
  readonly keeping: Pick<
    PlacesOptions,
    'places' | 'placesOf' | 'search' | 'followSymlinks' | 'reportsNone'
  >
}

/** A run that seeds by itself, and how peers get the torrents. */
interface SeedRun extends KeptTorrents {
  readonly serving: Omit<
    SeedServiceOptions,
    'version' | 'monotonic' | 'onWithdrawn' | 'onError' | 'onTrackerChange'
  >
}

/** A run that lets clients seed. */
interface ClientRun extends KeptTorrents {
  readonly options: KeptTorrents['options'] &
    SightOptions & {
      readonly client: readonly string[]
      readonly checkHashes: boolean
    }
}

/** A run whose cache and display are open. */
type OpenRun<Run extends KeptTorrents> = Run & {
  readonly hashContext: HashContext
  readonly display: Display
}

/** Creates a keeper that says what it adds and drops. */
export function keeperFor(
  places: PlacesOptions,
  target: SeedTarget<WholeTorrent>,
  { note, fail }: Pick<Report, 'note' | 'fail'>,
): SeedKeeper<WholeTorrent> {
  return new SeedKeeper(torrentPlaces(places), target, {
    onAdded: ({ torrent, infoHash }, before) => {
      if (infoHash !== before) note(`added ${torrent}`)
    },
    onDropped: ({ torrent }) => {
      note(`dropped ${torrent}`)
    },
    onProblem: (what, problem) => {
      fail(nameProblem(what, problem))
    },
    onMore: (more) => {
      note(`${count(more, 'other torrent')} cannot be seeded; btkit status says why`)
    },
  })
}

/** Says how trackers fail, once for all torrents, and that they answer again. */
export function reportTrackers({ alert, note }: Pick<Report, 'alert' | 'note'>): OnTrackerChange {
  return (torrent, { tracker, problem }) => {
    if (problem === null) note(`${tracker}: answers again`)
    else alert(`${torrent.path ?? torrent.name}: ${tracker}: ${problem}`)
  }
}

/** Seeds torrents until interrupted, which is the normal end. */
export function seed(run: SeedRun, io: Io): Promise<void> {
  boundHeapGrowth()
  boundYoungHeap()
  // A progress bar would disturb the table
  return withHashContext({ ...run.options, quiet: true }, io, (hashContext) => {
    return keepSeeding({ ...run, hashContext, display: openDisplay(run.options, io) }, io)
  })
}

async function keepSeeding(run: OpenRun<SeedRun>, io: Io): Promise<void> {
  const { options, keeping, serving, hashContext, display } = run
  const { alert: warn, note, fail } = display.report
  const manager = serviceManager({ env: io.env, warn })
  const service = await SeedService.open({
    ...serving,
    version: version(),
    monotonic: io.monotonic,
    onWithdrawn: ({ path }, reason) => {
      if (reason) fail(reason)
      note(`dropped ${path}`)
    },
    onError: fail,
    onTrackerChange: reportTrackers(display.report),
  })
  const target = new OwnTarget(service)
  const rules = { hashContext, checkHashes: true, awaitsQuiet: true }
  const keeper = keeperFor({ ...keeping, ...rules }, target, display.report)
  let hasWarned = false
  const warnOnce = () => {
    const warning = hasWarned ? null : lonelyWarning(service)
    hasWarned ||= warning !== null
    if (warning !== null) warn(warning)
  }
  const list = () => listTorrents(service)
  const report = () => {
    const torrents = [...list(), ...lacking(keeper, service)]
    return { port: service.port, version: version(), torrents }
  }
  const directory = runtimeDirectory(io)
  // Where the directory cannot be written, `btkit status` finds nothing
  const endStatus =
    directory &&
    (await answerStatus(directory, report).catch((error: unknown) => {
      if (error instanceof BtkitError) warn(error.message)
      return null
    }))
  try {
    note(`listening on port ${service.port}`)
    manager.ready(`listening on port ${service.port}`)
    await followTorrents(display, {
      interval: options.parseDirInterval,
      signal: io.signal,
      update: async () => {
        const next = await keeper.update()
        warnOnce()
        return next
      },
      list: () => Promise.resolve(list()),
    })
  } finally {
    manager.stopping()
    display.clear()
    if (endStatus) endStatus()
    await service.close()
  }
}

const LONELY = 'no HTTP or UDP tracker, so nobody can find this seed'

/** Says that nobody can find some of the torrents; null if peers can find all. */
function lonelyWarning(service: SeedService): string | null {
  const lonely = [...service.states()].filter(({ torrent }) => !service.canBeFound(torrent))
  const [first, ...others] = lonely
  if (!first) return null
  const more = others.length > 0 ? ` and ${count(others.length, 'other torrent')}` : ''
  const byDht = lonely.some(({ torrent }) => !torrent.private) ? 'use btkit seed --dht, or ' : ''
  return (
    `${first.torrent.path ?? first.torrent.name}${more}: ${LONELY}; ` +
    `${byDht}add a tracker with btkit edit --add-tracker URL`
  )
}

/** The values that all torrents of the own seed have in common. */
const OWN = { client: 'btkit', directory: null, isMarked: true, downloadRate: 0 }

/** The torrents of which no copy is seeded, as a client would list them. */
function lacking(keeper: SeedKeeper<WholeTorrent>, service: SeedService): ListedTorrent[] {
  const nowhere = [...keeper.lacking()].filter(([, { infoHash }]) => !service.find(infoHash))
  return nowhere.map(([torrent, { name, size, infoHash, reason }]) => ({
    ...OWN,
    torrent,
    name,
    infoHash,
    size,
    message: reason,
    state: 'missing',
    bytesDone: 0,
    peers: 0,
    uploadRate: 0,
    ratio: 0,
  }))
}

/** The torrents, as a client would list them. */
function listTorrents(service: SeedService): ListedTorrent[] {
  return [...service.states()].map(({ torrent, peers, uploaded, rate }) => {
    const { name, size } = torrent
    const [failure] = service.failuresOf(torrent)
    const [warning] = service.warningsOf(torrent)
    // A peer may know this machine's address
    const isLonely = peers === 0 && !service.canBeFound(torrent)
    return {
      ...OWN,
      torrent: torrent.path,
      name,
      infoHash: clientInfoHash(torrent),
      state: 'seeding',
      size,
      bytesDone: size,
      peers,
      warning: warning ? `${warning.tracker}: ${warning.reason}` : null,
      message: failure ? `${failure.tracker}: ${failure.reason}` : isLonely ? LONELY : null,
      uploadRate: rate,
      ratio: size === 0 ? 0 : uploaded / size,
    }
  })
}

/** Milliseconds that a client may take to check data before the next one's turn. */
const WAIT_MS = 60_000

/** Milliseconds that a client may take to remove torrents at the end. */
const LAST_CALL_MS = 10_000

/**
 * Keeps clients seeding torrents until interrupted, and removes those again that they got. Returns the
 * exit status.
 */
export function seedInClients(given: ClientRun, io: Io): Promise<number> {
  const { options } = given
  const clients = openClients(options.client, io)
  return withHashContext({ ...options, quiet: true }, io, async (hashContext) => {
    const run = { ...given, hashContext, display: openDisplay(options, io) }
    const kept = clients.map((named) => keepInClient(named, run, io))
    await followTorrents(run.display, {
      interval: options.parseDirInterval,
      signal: io.signal,
      update: async () => {
        for (const { update } of kept) await update()
        return Infinity
      },
      list: async () => (await Promise.all(kept.map(({ list }) => list()))).flat(),
    })
    return removeAll(
      Array.from(kept, ({ target }) => target),
      run,
      io,
    )
  })
}

/** Keeps a client seeding. If it does not answer, that is reported once, and it is asked again later. */
function keepInClient(named: NamedClient, run: OpenRun<ClientRun>, io: Io) {
  const { options, keeping, hashContext, display } = run
  const { checkHashes } = options
  const sync = syncClient(named, options, waitingFor(WAIT_MS, io))
  const target = new ClientTarget(sync, new GivenRecord(), true)
  const rules = { hashContext, checkHashes, awaitsQuiet: false }
  const keeper = keeperFor({ ...keeping, ...rules }, target, display.report)
  let isAway = false
  const update = async () => {
    const problem = await failureOf(() => keeper.update())
    if (problem && !isAway && !io.signal.aborted) display.report.fail(problem)
    isAway = problem !== null
  }
  const list = async () => {
    const listed: ListedTorrent[] = []
    // The next update reports a failure
    await failureOf(async () => {
      for (const each of await target.listGiven())
        listed.push({ client: named.client.label, ...each })
    })
    return listed
  }
  return { target, update, list }
}

/** Returns why a client could not do something; null if it could. */
async function failureOf(act: () => Promise<unknown>): Promise<BtkitError | null> {
  try {
    await act()
    return null
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return error
  }
}

/** Removes the added torrents from the clients. Returns the exit status. */
async function removeAll(
  targets: readonly ClientTarget[],
  { options, display }: OpenRun<ClientRun>,
  io: Io,
): Promise<number> {
  const ending = new AbortController()
  const timer = setTimeout(() => {
    ending.abort()
  }, LAST_CALL_MS)
  const timeoutMs = Math.min(LAST_CALL_MS, clientPatience.ms)
  const clients = openClients(options.client, { ...io, signal: ending.signal }, timeoutMs)
  let status = 0
  for (const [i, { client }] of clients.entries()) {
    const problem = await failureOf(async () => targets[i]?.removeAll(client))
    if (!problem) continue
    display.report.fail(problem)
    status = 1
  }
  clearTimeout(timer)
  return status
}
