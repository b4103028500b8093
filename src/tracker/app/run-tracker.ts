import { setImmediate } from 'node:timers/promises'
import type { ScrapedCounts } from '../../clients/scrape/swarm-counts.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import { SAMPLE_INTERVAL, takeSample } from '../history.js'
import { lockState } from '../state/lock-state.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { assembleTracker, type AssembledTracker, type TrackerWorld } from './assemble-tracker.js'
import { listenEverywhere, type Listening } from './listen-everywhere.js'
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
export interface TrackerView {
  readonly torrents: TorrentList
  readonly store: SwarmStore
}

/** A running tracker. */
export interface RunningTracker extends Pick<Listening, 'addresses'> {
  /** The number of allowed torrents; null if all are allowed. */
  readonly torrentCount: () => number | null
  /** The torrents and swarms, for those who administer them. */
  readonly view: TrackerView
  /** Whether a torrent of that info hash, 40 hexadecimal digits, was added. */
  readonly has: (infoHash: string) => boolean
  /** Tracks a new torrent, if the settings allow adding. */
  readonly add: (bytes: Uint8Array) => void
  /** The counts that this process has of a torrent, whose info hash is in hexadecimal. */
  readonly countsOf: (infoHash: string) => ScrapedCounts | null
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
  const lock = await lockState(settings.stateFile, world.warn)
  try {
    const tracker = await openTracker(settings, world)
    return { ...tracker, stop: () => tracker.stop().finally(() => lock?.release()) }
  } catch (error) {
    lock?.release()
    throw error
  }
}

async function openTracker(
  settings: TrackerSettings,
  world: TrackerWorld,
): Promise<RunningTracker> {
  const tracker = await assembleTracker(settings, world)
  const { store, sink, admitted, close } = tracker
  const { torrents, refresh } = admitted
  try {
    const listening = await listenEverywhere(settings, tracker, world.onError)
    try {
      const endWork = await beginWork(tracker, settings, world)
      return {
        addresses: listening.addresses,
        torrentCount: () => (torrents.isOpen ? null : torrents.torrents.size),
        view: { torrents, store },
        has: (infoHash) => torrents.has(infoHash),
        add: (bytes) => {
          torrents.add(bytes)
        },
        countsOf: (infoHash) => countsOf(store, infoHash),
        refresh,
        reopenLog: () => sink.reopen(),
        stop: () => endWork(() => listening.close()),
      }
    } catch (error) {
      await listening.close()
      throw error
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Counts a swarm; v2 info hashes are cut to 20 bytes, as in announces. */
function countsOf(store: Pick<SwarmStore, 'scrape'>, infoHash: string): ScrapedCounts | null {
  const counts = store.scrape(Buffer.from(infoHash, 'hex').subarray(0, 20))
  if (!counts) return null
  const { complete: seeds, incomplete: leechers, downloaded: completed } = counts
  return { seeds, leechers, completed }
}

/**
 * Starts the work of a tracker beside its requests. The returned function ends the requests by its
 * argument, then the work; it saves the state and closes everything.
 * @throws BtkitError if the state cannot be saved
 */
async function beginWork(
  { store, state, saver, history, historyFile, admitted, shared, close }: AssembledTracker,
  settings: TrackerSettings,
  { now, onError }: TrackerWorld,
): Promise<(endRequests: () => Promise<void>) => Promise<void>> {
  await state.prepareToSave()
  // Saves now so that an unwritable state is noticed at the start and not at the end
  await saver.save()
  await shared?.start()
  const { torrents } = admitted
  const isTracked = (infoHash: string) => {
    return torrents.isOpen || torrents.isFed || torrents.torrents.has(infoHash)
  }
  const sample = () => takeSample(history, { store, isTracked }, now)
  const sampleAndSave = async () => {
    await sample()
    await historyFile.saveIfDue()
  }
  const endWork = startPeriodicTasks(
    [
      { act: admitted.refresh, period: settings.allowed.interval },
      { act: () => saver.saveOrTell(), period: settings.saveInterval },
      { act: () => expireSome(store), period: EXPIRE_INTERVAL },
      { act: sampleAndSave, period: SAMPLE_INTERVAL },
    ],
    onError,
  )
  return async (endRequests) => {
    admitted.close()
    await Promise.all([endRequests(), endWork()])
    await sample()
    await historyFile.save()
    try {
      await saver.save()
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
