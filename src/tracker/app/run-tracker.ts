import { CONNECTIONS } from '../../server/connections/connection-limits.js'
// oxlint-disable-next-line no-restricted-imports -- only before the start and after the end
import { readlinkSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { KnownCounts, SwarmMonth } from '../../metainfo/swarm-counts.js'
import { BtkitError, osCodeOf, tryOr, orClose } from '../../base/errors.js'
import { type FileLock, lockByFile } from '../../disk/write/locks.js'
// oxlint-disable-next-line no-restricted-imports -- only before the start and after the end
import { statIfThere } from '../../disk/look/stat-files.js'
import { findWriteTarget } from '../../disk/write/target.js'
import { closeStalled } from '../../server/connections/connections.js'
import { type Listening, type ServerRules, listenAll } from '../../server/listen/listen.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import {
  SAMPLE_INTERVAL,
  SAVE_INTERVAL,
  countAll,
  noteSeeds,
  takeSample,
} from '../pages/charts/history.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { TrackerRefusal } from '../answers/refusal.js'
import type { Announced, OwnSeed } from '../answers/tracker-answers.js'
import { type UdpServer, openUdp } from '../wires/udp-server.js'
import type { InfoHash, MirroredTorrent } from '../../metainfo/values.js'
import { type AssembledTracker, type TrackerWorld, assembleTracker } from './assemble-tracker.js'
import type { TrackerSettings } from './settings.js'

export type { TrackerWorld } from './assemble-tracker.js'

/**
 * Places of the store that are checked in one step. If all their peers expire, it takes
 * milliseconds.
 */
const SLICE = 1024

const SLICES = 16

/** Milliseconds between two steps that remove expired peers. */
const EXPIRE_INTERVAL = 500

/** The torrents and swarms that a tracker knows. */
interface TrackerView {
  readonly torrents: TorrentList
  readonly store: SwarmStore
}

/** A running tracker. */
export interface RunningTracker extends Pick<Listening, 'addresses'> {
  /** The number of allowed torrents; null if all are allowed. */
  readonly torrentCount: () => number | null
  /** The torrents and swarms, for those who administer them. */
  readonly view: TrackerView
  /** Whether a torrent of that info hash was added. */
  readonly has: (infoHash: InfoHash) => boolean
  /** The torrents that are refused. */
  readonly banned: () => ReadonlySet<InfoHash>
  /** Tracks a new torrent, if the settings allow adding. */
  readonly add: (made: MirroredTorrent) => void
  /** Lists an added torrent no longer. It is tracked as long as it has peers. */
  readonly remove: (infoHash: InfoHash) => void
  /** Finds torrents for the page of a search that is not the tracker's. */
  readonly search: AssembledTracker['search']
  /** The counts that this process has of a torrent. */
  readonly countsOf: (infoHash: InfoHash) => KnownCounts | null
  readonly monthOf: (infoHash: InfoHash) => SwarmMonth | null
  /** Records the seed of this process; a text says why the tracker refuses it. */
  readonly announceOwn: (seed: OwnSeed) => Announced | string
  /** Scans directories and lists now. */
  readonly refresh: () => Promise<void>
  /** Reopens the log file, if there is one. */
  readonly reopenLog: () => Promise<void>
  /** Stops listening, saves the state and resolves when all is closed. */
  readonly stop: () => Promise<void>
}

/**
 * Starts a tracker. If it cannot listen, nothing on disk changes.
 * @throws BtkitError `locked` if another tracker uses the state; others if something cannot be
 * read, written or listened on
 */
export async function runTracker(
  settings: TrackerSettings,
  world: TrackerWorld,
): Promise<RunningTracker> {
  const tracker = await assembleTracker(settings, world)
  const lock = await orClose(tracker.close, () => lockState(settings.stateFile, world.warn))
  const release = () => lock?.release()
  const running = await orClose(release, () => startTracker(tracker, settings, world))
  return { ...running, stop: () => running.stop().finally(release) }
}

async function startTracker(
  tracker: AssembledTracker,
  settings: TrackerSettings,
  world: TrackerWorld,
): Promise<RunningTracker> {
  const { access, lists, close } = tracker
  const { store } = tracker.memory
  const { torrents, refresh } = lists
  return orClose(close, async () => {
    // A client that gets no peers asks again only after half an hour
    await tracker.memory.state.load()
    const listening = await listenEverywhere(settings, tracker.entrances, world.onError)
    const endWork = await orClose(listening.close, () => beginWork(tracker, settings, world))
    return {
      addresses: listening.addresses,
      torrentCount: () => (torrents.isOpen ? null : torrents.torrents.size),
      view: { torrents, store },
      has: (infoHash) => torrents.has(infoHash),
      banned: () => torrents.banned,
      add: (made) => {
        torrents.add(made)
      },
      remove: (infoHash) => {
        torrents.remove(infoHash)
      },
      search: tracker.search,
      countsOf: (infoHash) => {
        const counts = store.scrape(Buffer.from(infoHash, 'hex'))
        if (!counts) return null
        const { complete: seeds, incomplete: leechers, downloaded: completed } = counts
        return { seeds, leechers, completed }
      },
      monthOf: (infoHash) => store.monthOf(Buffer.from(infoHash, 'hex')),
      announceOwn: (seed) => {
        try {
          return tracker.entrances.answers.announceOwn(seed)
        } catch (error) {
          if (error instanceof TrackerRefusal) return error.message
          throw error
        }
      },
      refresh,
      reopenLog: access.reopen,
      stop: () => endWork(() => listening.close()),
    }
  })
}

/**
 * Starts the work of a tracker beside its requests. The returned function ends the requests by its
 * argument, then the work; it saves the state and closes everything.
 * @throws BtkitError if the state cannot be saved
 */
async function beginWork(
  { memory, lists, shared, close }: AssembledTracker,
  settings: TrackerSettings,
  { now, onError }: TrackerWorld,
): Promise<(endRequests: () => Promise<void>) => Promise<void>> {
  const { store, state, history, historyFile } = memory
  const { torrents } = lists
  // Announces are answered meanwhile
  await historyFile.load()
  await torrents.started()
  await lists.applyAddresses()
  await state.prepareToSave()
  // Saves now so that an unwritable state is noticed at the start and not at the end
  await state.save()
  await shared?.start()
  const isTracked = (infoHash: InfoHash) => {
    return torrents.isOpen || torrents.isFed || torrents.torrents.has(infoHash)
  }
  const swarms = { store, isTracked }
  // Only now: downloads that other trackers counted before are known, and are not new
  history.begin((await countAll(swarms)).downloaded)
  await noteSeeds(store, now)
  const sample = () => takeSample(history, swarms, now)
  const endWork = startPeriodicTasks(
    [
      { act: lists.refresh, period: settings.allowed.interval },
      { act: () => state.saveOrReport(), period: settings.saveInterval },
      { act: () => expireSome(store), period: EXPIRE_INTERVAL },
      { act: sample, period: SAMPLE_INTERVAL },
      { act: () => historyFile.save(), period: SAVE_INTERVAL },
    ],
    onError,
  )
  return async (endRequests) => {
    lists.close()
    await Promise.all([endRequests(), endWork()])
    await sample()
    await historyFile.save()
    try {
      await state.save()
    } finally {
      await close()
    }
  }
}

/**
 * Removes expired peers from the next places of a store, up to its end. Called twice a second, it
 * covers a million places in 30 s. Announces are answered between steps.
 */
export async function expireSome(store: Pick<SwarmStore, 'expire'>): Promise<void> {
  for (let slice = 0; slice < SLICES; slice += 1) {
    if (slice > 0) await setImmediate()
    if (store.expire(SLICE)) return
  }
}

/** Milliseconds within which a client must send its request. */
const REQUEST_TIMEOUT = 10_000

/** Milliseconds after which an idle connection is closed. */
const KEEP_ALIVE = 15_000

/**
 * Milliseconds after which a client that reads nothing of its answer is cut off: see
 * `closeStalled`.
 */
const STANDSTILL = 20_000

/**
 * The largest request in bytes. An announce has some hundred; a scrape of many torrents, thousands.
 */
const MAX_REQUEST = 8 * 1024

/** Timeouts and limits of the tracker's HTTP servers. */
export const SERVER_RULES: ServerRules = {
  options: {
    maxHeaderSize: MAX_REQUEST,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
  },
  grace: REQUEST_TIMEOUT,
  prepare: (server) => {
    closeStalled(server, STANDSTILL)
  },
}

/**
 * Listens at all places for HTTP and UDP. If one fails, the others are closed.
 * @throws BtkitError if it cannot listen somewhere
 */
async function listenEverywhere(
  { places, udpPlaces, clientAddresses, tls }: TrackerSettings,
  { handler, exchanges, udp }: AssembledTracker['entrances'],
  onError: (error: unknown) => void,
): Promise<Pick<Listening, 'addresses' | 'close'>> {
  const common = { rules: SERVER_RULES, connections: CONNECTIONS.tracker, clientAddresses, tls }
  const http = await listenAll(places, { handler, exchanges, onError, ...common })
  const sockets: UdpServer[] = []
  const close = async () => {
    await Promise.all([http, ...sockets].map((each) => each.close()))
  }
  for (const place of udpPlaces) {
    const isAnyPort = 'port' in place && place.port === 0
    const here = isAnyPort ? { ...place, port: http.port ?? 0 } : place
    sockets.push(await orClose(close, () => openUdp(here, udp, { onError })))
  }
  return { addresses: [...http.addresses, ...sockets.map(({ address }) => address)], close }
}

const NO_WAIT = { waitSeconds: 0, signal: new AbortController().signal }

/**
 * Locks the state file, so that no other tracker uses it. The lock is on an empty file beside it,
 * because each save replaces the state file itself and the directory may belong to others.
 * Returns null if locking is impossible. Then either the first save fails, too, or a warning is
 * reported.
 * @throws BtkitError `locked` if another tracker uses the state, `not-found` if the path is a
 * dangling link
 */
async function lockState(path: string, warn: (message: string) => void): Promise<FileLock | null> {
  const target = danglingTarget(path)
  if (target !== null) {
    const what = `a link to ${target}, which does not exist`
    throw new BtkitError('not-found', `${path}: ${what}; remove the link, or name another file`)
  }
  try {
    return await lockByFile(`${findWriteTarget(path).path}.lock`, path, NO_WAIT)
  } catch (error) {
    if (osCodeOf(error) !== undefined) return null
    if (!(error instanceof BtkitError)) throw error
    if (error.code !== 'locked') {
      warn(error.message)
      return null
    }
    const why = 'another tracker uses this state; name another --state-dir'
    throw new BtkitError('locked', `${path}: ${why}`, { cause: error })
  }
}

/**
 * The target of a dangling link; null for anything else. Such a link would let its owner choose
 * which file is created.
 */
function danglingTarget(path: string): string | null {
  return statIfThere(path) === null ? tryOr(null, () => readlinkSync(path)) : null
}
