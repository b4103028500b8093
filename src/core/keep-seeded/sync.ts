import { join } from 'node:path'
import { BtkitError, type ErrorCode } from '../../base/errors.js'
import { remembering } from '../../base/remember.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'
import { Journal } from '../../disk/state/journal.js'
import { nameOf } from '../../disk/state/notes.js'
import type { SyncReport, TorrentClient } from '../publish/client.js'
import { loadTorrents } from '../read-torrent.js'
import { ClientTarget, type PlacedTorrent, type SyncClient } from './client-target.js'
import { GivenRecord } from './given.js'
import { type KeeperEvents, SeedKeeper, type TorrentSource } from './reconcile.js'

/** The torrents of a directory that a client must seed. */
export interface SyncTarget {
  /** The real path of the directory. */
  readonly target: string
  readonly torrents: readonly {
    /** Its file name. */
    readonly name: string
    /** The directory that contains its content under the torrent's name. */
    readonly dataDirectory: string
    /** Identifies one state of the .torrent file. */
    readonly stamp: string
  }[]
  /** Whether a published torrent no longer exists, so that it must be withdrawn. */
  readonly isGone: (name: string) => boolean
}

/**
 * Makes a client seed the torrents of a directory. Adds torrents that are missing there or have
 * changed, and removes those that no longer exist. If nothing changed, it makes a single call.
 * Failures are reported, and the next run tries again. Returns whether the client answers.
 * @throws BtkitError `interrupted`
 */
export async function syncTarget(
  wanted: SyncTarget,
  sync: SyncClient,
  { state, report }: { readonly state: PublishedState; readonly report: SyncReport },
): Promise<boolean> {
  const { client } = sync
  const { label } = client
  const fail = (torrent: string | null, reason: string, code: ErrorCode) => {
    report.unpublished.push({ client: label, torrent, reason, code })
  }
  const events: KeeperEvents = {
    onAdded: ({ torrent, infoHash, status, reason, code }, oldInfoHash) => {
      const publication = { client: label, torrent, infoHash }
      if (reason !== null) fail(torrent, reason, code ?? 'client')
      else if (oldInfoHash !== null && oldInfoHash !== infoHash)
        report.republished.push({ ...publication, oldInfoHash })
      else if (status === 'published') report.published.push(publication)
    },
    onDropped: ({ torrent, infoHash }, isRemoved) => {
      if (isRemoved && wanted.isGone(torrent))
        report.withdrawn.push({ client: label, torrent, infoHash })
    },
    onProblem: (torrent, problem) => {
      if (!(problem instanceof BtkitError)) throw problem
      fail(torrent, problem.message, problem.code)
    },
  }
  try {
    const target = new ClientTarget(sync, openPublished(wanted.target, client, state))
    await new SeedKeeper(sourceOf(wanted, sync), target, events).update()
    return true
  } catch (error) {
    if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
    fail(null, error.message, error.code)
    return error.code !== 'unreachable'
  }
}

/** The torrents of a directory, whose data a run of `completedir` has just examined. */
function sourceOf(
  { target, torrents, isGone }: SyncTarget,
  { remoteDirectory }: SyncClient,
): TorrentSource<PlacedTorrent> {
  // Data that was moved must be sought by the client in its new place
  const placeStamp = remembering((local) => nameOf(remoteDirectory(local)))
  const stamps = new Map(
    torrents.map(({ name, stamp, dataDirectory }) => {
      return [name, `${stamp} ${placeStamp(dataDirectory)}`]
    }),
  )
  const pathOf = (name: string) => join(target, name)
  const places = new Map(torrents.map(({ name, dataDirectory }) => [name, dataDirectory]))
  return {
    look: () => Promise.resolve({ stamps, isGone, problems: new Map() }),
    read: (names) => loadTorrents(names.map(pathOf), MAX_TORRENT),
    find: (metainfo, torrent) => {
      return Promise.resolve({ torrent, metainfo, place: places.get(torrent) ?? target })
    },
  }
}

/** Where it is recorded which torrents were added to clients. */
export interface PublishedState {
  readonly directory: string
  /** Current time in milliseconds since 1970. */
  readonly now: () => number
  readonly warn: (message: string) => void
}

/** Opens the record of the torrents of a directory that a client, or the own seed, was given. */
export function openPublished(
  target: string,
  { label }: Pick<TorrentClient, 'label'>,
  { directory: stateDirectory, now, warn }: PublishedState,
): GivenRecord {
  const journal = new Journal({
    stateDirectory,
    now,
    warn,
    path: join(stateDirectory, 'published', `${nameOf(`${target}\0${label}`)}.jsonl`),
    head: { btkit: 'published', target, client: label },
    loss: 'torrents whose lines are lost are looked up, or must be asked for, again',
  })
  return new GivenRecord(journal)
}
