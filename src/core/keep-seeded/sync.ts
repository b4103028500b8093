import { join } from 'node:path'
import { BtkitError } from '../../base/errors.js'
import { MAX_TORRENT } from '../../metainfo/sizes.js'
import type { InfoHash } from '../../metainfo/values.js'
import { Journal } from '../../disk/state/journal.js'
import { digestName } from '../../disk/state/notes.js'
import type { SyncReport, TorrentClient } from '../publish/client.js'
import { loadTorrents } from '../read-torrent.js'
import { ClientTarget, listSeeded, type PlacedTorrent, type SyncClient } from './client-target.js'
import { GivenRecord } from './given.js'
import { type KeeperEvents, SeedKeeper, type TorrentSource } from './reconcile.js'

/** The torrents of a directory that a client must seed. */
export interface SyncTarget {
  /** The real path of the directory. */
  readonly target: string
  readonly torrents: readonly {
    /** Its file name. */
    readonly name: string
    /**
     * The directory that contains its content under the torrent's name; null if that lies on a
     * server, from which the client downloads it.
     */
    readonly dataDirectory: string | null
    /** Identifies one state of the .torrent file. */
    readonly stamp: string
  }[]
  /** Whether a published torrent no longer exists, so that it must be withdrawn. */
  readonly isGone: (name: string) => boolean
}

/** A client during a run of completedir, which may complete very many directories. */
export class RunClient {
  /** Its torrents, kept up to date by this run; null before the client was asked. */
  #seeding: Set<InfoHash> | null = null
  /** Whether it is not called any more: each call would wait as long, and also fail. */
  #isLeft = false

  constructor(
    private readonly sync: SyncClient,
    private readonly state: PublishedState,
    private readonly report: SyncReport,
  ) {}

  /**
   * Makes the client seed the torrents of a directory. Adds torrents that are missing there or have
   * changed, and removes those that no longer exist. If nothing changed, it makes a single call in
   * a run. Failures are reported, and the next run tries again.
   * @throws BtkitError `interrupted`
   */
  async update(wanted: SyncTarget): Promise<void> {
    if (this.#isLeft) return
    const { sync, state } = this
    const list = async () => (this.#seeding ??= await listSeeded(sync.client))
    try {
      const given = openPublished(wanted.target, sync.client, state)
      const target = new ClientTarget(sync, given, list)
      await new SeedKeeper(sourceOf(wanted, sync), target, this.#events(wanted)).update()
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      this.#fail(null, error)
      this.#isLeft = error.code === 'unreachable'
    }
  }

  #events({ isGone }: SyncTarget): KeeperEvents {
    const { report } = this
    const client = this.sync.client.label
    return {
      onAdded: ({ torrent, infoHash, status, reason, code }, before, oldInfoHash) => {
        const publication = { client, torrent, infoHash }
        // The client had lost a torrent that is as before; it is published again
        const isReplaced = infoHash !== (status === 'published' ? before : oldInfoHash)
        if (reason !== null) this.#fail(torrent, new BtkitError(code ?? 'client', reason))
        else if (oldInfoHash !== null && isReplaced)
          report.republished.push({ ...publication, oldInfoHash })
        else if (status === 'published') report.published.push(publication)
      },
      onDropped: ({ torrent, infoHash }, isRemoved) => {
        if (isRemoved && isGone(torrent)) report.withdrawn.push({ client, torrent, infoHash })
      },
      onProblem: (torrent, problem) => {
        if (!(problem instanceof BtkitError)) throw problem
        this.#fail(torrent, problem)
      },
    }
  }

  #fail(torrent: string | null, { message: reason, code }: BtkitError): void {
    this.report.unpublished.push({ client: this.sync.client.label, torrent, reason, code })
  }
}

/** The torrents of a directory, whose data a run of `completedir` has just examined. */
function sourceOf(
  { target, torrents, isGone }: SyncTarget,
  { remoteDirectory }: SyncClient,
): TorrentSource<PlacedTorrent> {
  // Data that was moved must be sought by the client in its new place
  const placeStamp = (local: string) => digestName(remoteDirectory(local))
  const stamps = new Map(
    torrents.map(({ name, stamp, dataDirectory }) => {
      return [name, `${stamp} ${dataDirectory === null ? '' : placeStamp(dataDirectory)}`]
    }),
  )
  const pathOf = (name: string) => join(target, name)
  const places = new Map(torrents.map(({ name, dataDirectory }) => [name, dataDirectory]))
  return {
    look: () => Promise.resolve({ stamps, isGone, problems: new Map() }),
    read: (names) => loadTorrents(names.map(pathOf), MAX_TORRENT),
    find: (metainfo, torrent) => {
      const place = places.get(torrent)
      return Promise.resolve({ torrent, metainfo, place: place === undefined ? target : place })
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
    path: join(stateDirectory, 'published', `${digestName(`${target}\0${label}`)}.jsonl`),
    head: { btkit: 'published', target, client: label },
    loss: 'torrents whose lines are lost are looked up, or must be asked for, again',
  })
  return new GivenRecord(journal)
}
