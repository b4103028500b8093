import { runtimeDirectory } from '../../directories.js'
import { boundYoungHeap, unboundHeapGrowth } from '../../heap-growth.js'
import { withHashContext } from './engine.js'
import type { Io } from '../io.js'
import type { HashContext } from '../../core/digests/hash-content.js'
import { nameProblem, SeedKeeper } from '../../core/seeding/reconcile.js'
import { type PlacesOptions, TorrentPlaces } from '../../core/seeding/wanted.js'
import type { WholeTorrent } from '../../core/seeding/whole-data.js'
import { OwnTarget } from '../../seed/own-target.js'
import { SeedService, type SeedServiceOptions } from '../../seed/service.js'
import { answerStatus } from '../../clients/seeds.js'
import { version } from '../../process.js'
import { type DisplayOptions, followTorrents, openDisplay } from '../output/torrent-display.js'
import { count } from '../../text/quantity.js'
import type { ListedTorrent } from '../output/torrent-json.js'
import { clientInfoHash } from '../../core/publish/client.js'
import { serviceManager } from './service-manager.js'

/** A run of `seed`: its torrents, and how peers get them. */
interface SeedRun {
  readonly options: DisplayOptions &
    Parameters<typeof withHashContext>[0] & {
      readonly maxTorrentSize: number
      /** In milliseconds. */
      readonly parseDirInterval: number
    }
  readonly keeping: Pick<
    PlacesOptions,
    'places' | 'placesOf' | 'search' | 'followSymlinks' | 'reportsNone'
  >
  readonly serving: Omit<
    SeedServiceOptions,
    'version' | 'monotonic' | 'onWithdrawn' | 'onError' | 'onTrackerChange'
  >
}

/** Seeds torrents until interrupted, which is the normal end. */
export async function seed(run: SeedRun, io: Io): Promise<void> {
  boundYoungHeap()
  // A progress bar would disturb the table
  await withHashContext({ ...run.options, quiet: true }, io, (hashContext) => {
    return keepSeeding({ ...run, hashContext }, io)
  })
}

async function keepSeeding(
  { options, keeping, serving, hashContext }: SeedRun & { readonly hashContext: HashContext },
  io: Io,
): Promise<void> {
  const display = openDisplay(options, io)
  const { env, monotonic, signal } = io
  const { alert: warn, note, fail } = display.report
  const manager = serviceManager({ env, warn })
  const service = await SeedService.open({
    ...serving,
    version: version(),
    monotonic,
    onWithdrawn: ({ path }, reason) => {
      if (reason) fail(reason)
      note(`dropped ${path}`)
    },
    onError: fail,
    onTrackerChange: (torrent, { tracker, problem }) => {
      if (problem === null) note(`${tracker}: answers again`)
      else warn(`${torrent.path ?? torrent.name}: ${tracker}: ${problem}`)
    },
  })
  const { maxTorrentSize, parseDirInterval: looksAgainIn } = options
  const places = new TorrentPlaces({
    ...{ ...keeping, checkHashes: true, looksAgainIn, maxTorrentSize, hashContext },
    onProblem: fail,
  })
  const keeper = new SeedKeeper(places, new OwnTarget(service, maxTorrentSize), {
    onAdded: ({ torrent }) => {
      note(`added ${torrent}`)
    },
    onDropped: ({ torrent }, isRemoved) => {
      if (isRemoved) note(`dropped ${torrent}`)
    },
    onProblem: (what, problem) => {
      fail(nameProblem(what, problem))
    },
  })
  let hasWarned = false
  const warnOnce = () => {
    const warning = hasWarned ? null : lonelyWarning(service)
    hasWarned ||= warning !== null
    if (warning !== null) warn(warning)
  }
  const list = () => listTorrents(service)
  const report = () => {
    return {
      port: service.port,
      version: version(),
      torrents: [...list(), ...lacking(keeper, service)],
    }
  }
  const directory = runtimeDirectory(io)
  // Where the directory cannot be written, `btkit status` finds nothing
  const endStatus = directory && (await answerStatus(directory, report).catch(() => null))
  try {
    note(`listening on port ${service.port}`)
    manager.ready(`listening on port ${service.port}`)
    await followTorrents(display, {
      interval: options.parseDirInterval,
      signal,
      // Uploads need the space that the first look does not
      update: () => keeper.update().then(warnOnce).finally(unboundHeapGrowth),
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

/** The torrents of which no copy is seeded, as a client would list them. */
function lacking(keeper: SeedKeeper<WholeTorrent>, service: SeedService): ListedTorrent[] {
  const nowhere = [...keeper.lacking()].filter(([, { infoHash }]) => !service.find(infoHash))
  return nowhere.map(([torrent, { name, size, infoHash, reason }]) => ({
    ...{ client: 'btkit', torrent, name, infoHash, size, message: reason },
    ...{ directory: null, isMarked: true, state: 'missing', bytesDone: 0, peers: 0 },
    ...{ uploadRate: 0, downloadRate: 0, ratio: 0 },
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
      ...{ client: 'btkit', torrent: torrent.path, name },
      infoHash: clientInfoHash(torrent),
      ...{ directory: null, isMarked: true, state: 'seeding', size, bytesDone: size, peers },
      warning: warning ? `${warning.tracker}: ${warning.reason}` : null,
      message: failure ? `${failure.tracker}: ${failure.reason}` : isLonely ? LONELY : null,
      uploadRate: rate,
      downloadRate: 0,
      ratio: size === 0 ? 0 : uploaded / size,
    }
  })
}
