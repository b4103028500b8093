import type { InfoHash } from '../../metainfo/values.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import { clientInfoHash } from '../publish/client.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { trackerTiers } from '../../metainfo/trackers.js'
import { nameOf } from '../../disk/state/notes.js'
import type { Journal } from '../../disk/state/journal.js'

/** A torrent that was given to a client or the own seed. */
interface GivenTorrent {
  readonly infoHash: InfoHash
  /** Identifies the state of the .torrent file that was given. */
  readonly stamp: string
  /** The `addressesOf` it; absent if they are unknown. */
  readonly addresses?: string | undefined
}

/**
 * The stamp of torrents that were about to be given, or must be given again. No .torrent file has
 * it.
 */
export const UNKNOWN = ''

/**
 * Returns a text that identifies the addresses in a torrent, which may change while its info hash
 * does not: trackers, web seeds and DHT nodes.
 */
export function addressesOf(metainfo: Metainfo): string {
  const { webSeeds, httpSeeds, nodes } = metainfo
  return nameOf(JSON.stringify([trackerTiers(metainfo), webSeeds, httpSeeds, nodes]))
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
      const { infoHash = '', stamp = UNKNOWN, addresses } = given
      const hash = readInfoHash(infoHash)
      if (hash === null) continue
      this.torrents.set(name, { infoHash: hash, stamp, addresses })
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

  /**
   * Returns the record of a torrent that must be given in place of the one of a name. Until then, a
   * client may have it with the addresses that it had before.
   */
  again(name: string, infoHash: InfoHash): GivenTorrent {
    return { infoHash, stamp: UNKNOWN, addresses: this.#addresses(name, infoHash) }
  }

  /** Whether a torrent was given with other addresses. */
  isOutdated(name: string, metainfo: Metainfo): boolean {
    const before = this.#addresses(name, clientInfoHash(metainfo))
    return before !== undefined && before !== addressesOf(metainfo)
  }

  #addresses(name: string, infoHash: InfoHash): string | undefined {
    const given = this.torrents.get(name)
    return given?.infoHash === infoHash ? given.addresses : undefined
  }

  /** Records torrents that are about to be given, because from now on the client may have them. */
  async begin(torrents: Iterable<readonly [name: string, infoHash: InfoHash]>): Promise<void> {
    for (const [name, infoHash] of torrents) {
      this.begun.add(infoHash)
      if (this.journal) this.put(name, this.again(name, infoHash))
    }
    await this.flush()
  }

  /** Resolves when all records set so far would survive a power failure. */
  async flush(): Promise<void> {
    await this.journal?.save()
  }
}
