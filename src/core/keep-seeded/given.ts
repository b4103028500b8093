import type { InfoHash } from '../../metainfo/values.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import { type NamedTrackers, trackerTiers } from '../../metainfo/trackers.js'
import { nameOf } from '../../disk/state/notes.js'
import type { Journal } from '../../disk/state/journal.js'

/** A torrent that was given to a client or the own seed. */
interface GivenTorrent {
  readonly infoHash: InfoHash
  /** Identifies the state of the .torrent file that was given. */
  readonly stamp: string
  /** Identifies its trackers; absent if they are unknown. */
  readonly trackers?: string | undefined
}

/**
 * The stamp of torrents that were about to be given, or must be given again. No .torrent file has
 * it.
 */
export const UNKNOWN = ''

/** Returns a text that identifies the trackers of a torrent. */
export function trackersOf(metainfo: NamedTrackers): string {
  return nameOf(JSON.stringify(trackerTiers(metainfo)))
}

/**
 * The torrents that a client or the own seed was given, by name. With a journal they are known to
 * the next run, too.
 */
export class GivenRecord {
  readonly torrents = new Map<string, GivenTorrent>()
  /**
   * Info hashes that were about to be given: an interrupted run may have left them without a mark.
   */
  readonly begun = new Set<InfoHash>()

  constructor(private readonly journal: Journal | null = null) {
    for (const [name, json] of journal?.entries() ?? []) {
      const given = JSON.parse(json) as Partial<GivenTorrent>
      const { infoHash = '', stamp = UNKNOWN, trackers } = given
      const hash = readInfoHash(infoHash)
      if (hash === null) continue
      this.torrents.set(name, { infoHash: hash, stamp, trackers })
      if (stamp === UNKNOWN) this.begun.add(hash)
    }
    journal?.release()
  }

  /** Records a torrent; null for one that is not there any more. Durable after the next flush. */
  put(name: string, given: GivenTorrent | null): void {
    this.journal?.put(name, given)
    if (given === null) this.torrents.delete(name)
    else this.torrents.set(name, given)
  }

  /** Records torrents that are about to be given, because from now on the client may have them. */
  async begin(torrents: Iterable<readonly [name: string, infoHash: InfoHash]>): Promise<void> {
    for (const [name, infoHash] of torrents) {
      this.begun.add(infoHash)
      // The client may still have it with the trackers that it had before
      const { trackers } = this.torrents.get(name) ?? {}
      if (this.journal) this.put(name, { infoHash, stamp: UNKNOWN, trackers })
    }
    await this.flush()
  }

  /** Resolves when all records set so far would survive a power failure. */
  async flush(): Promise<void> {
    await this.journal?.save()
  }
}
