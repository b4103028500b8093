import { runtimeDirectory } from '../../base/directories.js'
import { boundHeapGrowth, growYoungHeap } from '../../base/heap-growth.js'
import { withHashContext } from '../open/engine.js'
import type { Io } from '../io.js'
import type { HashContext } from '../../core/digests/hash-content.js'
import type { PlacesOptions } from '../../core/keep-seeded/wanted.js'
import type { SeedKeeper } from '../../core/keep-seeded/reconcile.js'
import type { WholeTorrent } from '../../core/keep-seeded/whole-data.js'
import { RemoteData, RemoteDataFault } from '../../core/keep-seeded/remote-data.js'
import type { RemoteAccess } from '../../core/remote/remote-file.js'
import { OwnTarget } from '../../seeding/peer/own-target.js'
import { SeedService, type SeedServiceOptions } from '../../seeding/peer/service.js'
import { answerStatus } from '../../seeding/clients/seeds.js'
import { monotonicNow, version } from '../../base/process.js'
import {
  type Display,
  type DisplayOptions,
  followTorrents,
  openDisplay,
} from '../output/torrent-display.js'
import { count, formatTime } from '../../base/text/quantity.js'
import type { ListedTorrent } from '../output/torrent-json.js'
import { asBtkitError, BtkitError } from '../../base/errors.js'
import { clientInfoHash } from '../../core/publish/client.js'
import { serviceManager } from '../open/service-manager.js'
import { ChangeNotes, reportTrackers } from './keeper.js'

/** A run of `seed`: its torrents, where their data is, and how peers get them. */
interface SeedRun {
  readonly options: DisplayOptions &
    Parameters<typeof withHashContext>[0] & {
      /** In milliseconds. */
      readonly parseDirInterval: number
    }
  readonly keeping: Pick<
    PlacesOptions,
    'places' | 'placesOf' | 'search' | 'followSymlinks' | 'isBeside'
  >
  /** How data on servers is read; null if all is on disks. */
  readonly remote: {
    readonly access: RemoteAccess
    /** In bytes; null for any number. */
    readonly perDay: number | null
  } | null
  /** Whether a router is asked for the port. */
  readonly portMapping: boolean
  /** Whether the run ends if it can seed nothing at its start. */
  readonly endsWithout: boolean
  readonly serving: Omit<
    SeedServiceOptions,
    'version' | 'monotonic' | 'onWithdrawn' | 'onError' | 'onTrackerChange'
  >
}

/** A run whose cache and display are open. */
type OpenRun = SeedRun & {
  readonly hashContext: HashContext
  readonly display: Display
}

/** Seeds torrents until interrupted, which is the normal end. */
export function seed(run: SeedRun, io: Io): Promise<void> {
  boundHeapGrowth()
  growYoungHeap(0)
  // A progress bar would disturb the table
  return withHashContext({ ...run.options, quiet: true }, io, (hashContext) => {
    return keepSeeding({ ...run, hashContext, display: openDisplay(run.options, io) }, io)
  })
}

async function keepSeeding(run: OpenRun, io: Io): Promise<void> {
  const { options, keeping, remote, endsWithout, serving, hashContext, display } = run
  const { alert: warn, note, fail } = display.report
  const { monotonic } = io
  const onChange = (message: string, isGood: boolean) => {
    ;(isGood ? note : warn)(message)
  }
  const remoteData = remote && new RemoteData({ ...remote, monotonic, onChange })
  const manager = serviceManager(io.env, warn)
  const changes = new ChangeNotes(display.report, { endsWithout, takesData: true })
  const service = await SeedService.open({
    ...serving,
    version: version(),
    monotonic: io.monotonic,
    onWithdrawn: ({ path }, reason) => {
      // The keeper says what is wrong with data on a server
      if (reason && !(reason instanceof RemoteDataFault)) fail(reason)
      changes.add('dropped', path)
    },
    onError: fail,
    onTrackerChange: reportTrackers(display.report),
  })
  const target = new OwnTarget(service, remoteData)
  const sought = { ...keeping, hashContext, remote: remoteData ?? undefined }
  const keeper = changes.keeperFor(sought, target)
  let hasWarned = false
  const warnOnce = () => {
    const warning = hasWarned ? null : lonelyWarning(service)
    hasWarned ||= warning !== null
    if (warning !== null) warn(warning)
  }
  const list = () => listTorrents(service)
  const report = () => {
    const torrents = [...list(), ...lacking(keeper, service, io)]
    return { port: service.port, version: version(), torrents }
  }
  const directory = runtimeDirectory(io)
  const reachable =
    run.portMapping && service.families.includes(4)
      ? import('./reachability.js').then(({ keepReachable }) => {
          return keepReachable(service, serving.dht, { monotonic, note, alert: warn })
        })
      : null
  const endStatus =
    directory &&
    (await answerStatus(directory, report).catch((error: unknown) => {
      const known = asBtkitError(error, directory)
      if (!(known instanceof BtkitError)) throw error
      warn(`${known.message}; btkit status will not find this seed`)
      return null
    }))
  try {
    note(`listening on port ${service.port}`)
    manager.ready(`listening on port ${service.port}`)
    const update = async () => {
      const next = await keeper.update()
      warnOnce()
      return next
    }
    await followTorrents(display, options.parseDirInterval, io.signal, update, list)
  } finally {
    manager.stopping()
    display.clear()
    if (endStatus) endStatus()
    const giveBack = async () => (await reachable)?.()
    await Promise.all([service.close(), giveBack()])
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
function lacking(
  keeper: SeedKeeper<WholeTorrent>,
  service: SeedService,
  { now }: Pick<Io, 'now'>,
): ListedTorrent[] {
  const nowhere = [...keeper.lacking()].filter(([, { infoHash }]) => !service.find(infoHash))
  return nowhere.map(([torrent, { name, size, infoHash, reason, seenAt }]) => ({
    ...OWN,
    torrent,
    name,
    infoHash,
    size,
    message: `${reason} (as of ${formatTime(now() - (monotonicNow() - seenAt))} UTC)`,
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
