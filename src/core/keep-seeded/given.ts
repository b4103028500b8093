import type { InfoHash } from '../../metainfo/values.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import { clientInfoHash, type ClientSettings, readSettings } from '../publish/client.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { trackerTiers } from '../../metainfo/trackers.js'
import { digestName } from '../../disk/state/notes.js'
import type { Journal } from '../../disk/state/journal.js'

/** A torrent that was given to a client or the own seed. */
export interface GivenTorrent {
  readonly infoHash: InfoHash
  /** Identifies the state of the .torrent file that was given. */
  readonly stamp: string
  /** The `addressesOf` it; absent if they are unknown. */
  readonly addresses?: string | undefined
  /** Of one that was made of a single file; absent for others. */
  readonly made?: MadeOfFile | undefined
}

/** A torrent that was made of a single file, beside its name and hash. */
export interface MadeOfFile {
  /** The state of the file that it is of. */
  readonly state: string
  /** Bytes of its `info`. */
  readonly infoLength: number
}

/** Reads what was recorded; undefined if it is of another form. */
function readMade(value: unknown): MadeOfFile | undefined {
  const { state, infoLength } = (value ?? {}) as { readonly [N in keyof MadeOfFile]?: unknown }
  if (typeof state !== 'string' || typeof infoLength !== 'number') return undefined
  return { state, infoLength }
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
  return digestName(JSON.stringify([trackerTiers(metainfo), webSeeds, httpSeeds, nodes]))
}

/** A torrent that is about to be given. */
interface BegunTorrent {
  readonly torrent: string
  readonly infoHash: InfoHash
  /** The settings of the torrent in whose place it comes. */
  readonly settings?: ClientSettings | undefined
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
  /** By name, the settings of a torrent that was removed so that another one comes in its place. */
  readonly settings = new Map<string, ClientSettings>()

  constructor(private readonly journal: Journal | null = null) {
    for (const [name, json] of journal?.entries() ?? []) {
      const given = JSON.parse(json) as Partial<GivenTorrent> & {
        readonly settings?: unknown
        readonly made?: unknown
      }
      const { infoHash = '', stamp = UNKNOWN, addresses } = given
      const made = readMade(given.made)
      const settings = readSettings(given.settings)
      if (settings) this.settings.set(name, settings)
      const hash = readInfoHash(infoHash)
      if (hash === null) continue
      this.torrents.set(name, { infoHash: hash, stamp, addresses, ...(made && { made }) })
      if (stamp === UNKNOWN) this.begun.add(hash)
    }
    journal?.release()
  }

  /** Records a torrent; null for one that is not there any more. Durable after the next flush. */
  put(name: string, given: GivenTorrent | null): void {
    if (given === null) this.torrents.delete(name)
    else this.torrents.set(name, given)
    const settings = this.settings.get(name)
    this.journal?.put(name, given === null && !settings ? null : { ...given, settings })
  }

  /** Records that the torrent of a name is there, with its settings, or that there is none. */
  settle(name: string, given: GivenTorrent | null): void {
    this.settings.delete(name)
    this.put(name, given)
  }

  /** Records the settings of torrents, by their info hash, before they are removed. */
  async keepSettings(
    torrents: Iterable<{ readonly torrent: string; readonly infoHash: InfoHash }>,
    settings: ReadonlyMap<InfoHash, ClientSettings | undefined>,
  ): Promise<void> {
    for (const { torrent, infoHash } of torrents) {
      const own = settings.get(infoHash)
      if (!own) continue
      this.settings.set(torrent, own)
      this.put(torrent, this.torrents.get(torrent) ?? null)
    }
    await this.flush()
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
  async begin(torrents: Iterable<BegunTorrent>): Promise<void> {
    for (const { torrent, infoHash, settings } of torrents) {
      this.begun.add(infoHash)
      if (settings) this.settings.set(torrent, settings)
      if (this.journal) this.put(torrent, this.again(torrent, infoHash))
    }
    await this.flush()
  }

  /** Resolves when all records set so far would survive a power failure. */
  async flush(): Promise<void> {
    await this.journal?.save()
  }
}
