import { SAMPLE_INTERVAL } from '../page/history.js'
import { PeerTrackerPoller } from '../multitracker/peer-tracker-poller.js'
import { lockState } from '../state/lock-state.js'
import { listenEverywhere, type Listening } from './listen-everywhere.js'
import { expireSome } from './expire-some.js'
import { startPeriodicTasks } from '../../server/lifecycle/periodic-tasks.js'
import { prepareTracker, type PreparedTracker, type TrackerWorld } from './prepare.js'
import type { TrackerSettings } from './settings.js'

export type { TrackerWorld } from './prepare.js'

/** A tracker that answers. */
export interface RunningTracker extends Pick<Listening, 'addresses'> {
  /** How many torrents are allowed; null for any. */
  readonly torrentCount: () => number | null
  /** Tracks a torrent that has just been made, where those are added. */
  readonly add: (bytes: Uint8Array) => void
  /** Looks at directories and lists now. */
  readonly refresh: () => Promise<void>
  /** Opens the log's file anew, if there is one. */
  readonly reopenLog: () => Promise<void>
  /** Takes no further requests, saves the state and resolves when all is closed. */
  readonly stop: () => Promise<void>
}

/** Milliseconds after which the next places of the store are looked at for peers that are gone. */
const EXPIRE_INTERVAL = 500

/**
 * Opens all that the tracker needs, and has it answer. A tracker that can't listen changes nothing.
 * @throws BtkitError `locked` when another tracker has the state; others when something can't be
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
  const prepared = await prepareTracker(settings, world)
  try {
    const listening = await listenEverywhere(settings, prepared.tracker, world.onError)
    try {
      return await beginWork(prepared, listening)
    } catch (error) {
      await listening.close()
      throw error
    }
  } catch (error) {
    await prepared.close()
    throw error
  }
}

/** Has a tracker that listens do all that it is there for. */
async function beginWork(prepared: PreparedTracker, listening: Listening): Promise<RunningTracker> {
  const { state, saver, sink, admitted, close } = prepared
  await state.settle()
  // What can't be written is better known now than at the end
  await saver.save()
  const endWork = startRepeating(prepared)
  const stop = async () => {
    admitted.close()
    await Promise.all([listening.close(), endWork()])
    await saver.save().finally(close)
  }
  const { torrents, refresh } = admitted
  return {
    addresses: listening.addresses,
    torrentCount: () => (torrents.isOpen ? null : torrents.torrents.size),
    add: (bytes) => {
      torrents.add(bytes)
    },
    refresh,
    reopenLog: () => sink.reopen(),
    stop,
  }
}

/** Starts what is done again and again; the function returned ends it. */
function startRepeating({
  settings,
  store,
  saver,
  tracker,
  foreign,
  sharing,
  admitted,
  now,
  onError,
}: PreparedTracker): () => Promise<void> {
  const rounds = new PeerTrackerPoller({
    rules: sharing,
    torrents: () => admitted.torrents.torrents,
    take: (infoHash, peers) => {
      foreign?.put(infoHash, peers)
    },
    now,
  })
  const asking = { act: () => rounds.round(), period: 1000 * sharing.interval }
  const endWork = startPeriodicTasks(
    [
      ...(foreign === null ? [] : [asking]),
      { act: admitted.refresh, period: settings.allowed.interval },
      { act: () => saver.saveOrTell(), period: settings.saveInterval },
      { act: () => expireSome(store), period: EXPIRE_INTERVAL },
      { act: () => tracker.pages.sample(), period: SAMPLE_INTERVAL },
    ],
    onError,
  )
  return () => {
    rounds.stop()
    return endWork()
  }
}
