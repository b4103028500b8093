import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import { clientInfoHash, isSeeded, type TorrentClient } from '../publish/client.js'
import { publishTorrents, type PublishOutcome, type PublishRules } from '../publish/publish.js'
import { withdrawTorrents } from '../publish/withdraw.js'
import type { GivenRecord } from './given.js'
import type { NamedHash, SeedTarget } from './reconcile.js'

/** A client that seeds the torrents of directories, and how it sees their data. */
export interface SyncClient extends PublishRules {
  readonly client: TorrentClient
  /** Converts a directory of this machine to the client's path. */
  readonly remoteDirectory: (local: string) => string
}

/**
 * A torrent, and the directory on this machine that contains its content under its name; null if
 * the client downloads it.
 */
export interface PlacedTorrent {
  readonly torrent: string
  readonly metainfo: Metainfo
  readonly place: string | null
}

/** Lets a keeper give torrents to a client. */
export class ClientTarget implements SeedTarget<PlacedTorrent> {
  // The metainfo of so many is in memory
  readonly atOnce = 500

  constructor(
    private readonly sync: SyncClient,
    readonly given: GivenRecord,
    readonly list: () => Promise<Set<InfoHash>> = () => listSeeded(sync.client),
  ) {}

  async add(torrents: readonly PlacedTorrent[]): Promise<PublishOutcome[]> {
    const { client, remoteDirectory } = this.sync
    const requests = torrents.map(({ torrent, metainfo, place }) => {
      const directory = place === null ? null : remoteDirectory(place)
      const settings = this.given.settings.get(torrent)
      return { torrent, metainfo, directory, localDirectory: place, settings }
    })
    return publishTorrents(client, requests, {
      ...this.sync,
      isOutdated: ({ torrent, metainfo }) => this.given.isOutdated(torrent, metainfo),
      // A client that watches the directory may have them first
      adopts: true,
      begun: this.given.begun,
      onHandOver: (fresh) => {
        return this.given.begin(
          fresh.map(({ torrent, metainfo, settings }) => {
            return { torrent, infoHash: clientInfoHash(metainfo), settings }
          }),
        )
      },
    })
  }

  async remove(torrents: readonly NamedHash[], mayReturn: boolean): Promise<Set<string>> {
    const infoHashes = [...new Set(torrents.map(({ infoHash }) => infoHash))]
    const { begun } = this.given
    const outcomes = await withdrawTorrents(this.sync.client, infoHashes, {
      begun,
      onRemove: async (leaving) => {
        const settings = new Map(leaving.map((each) => [each.infoHash, each.settings]))
        if (mayReturn) await this.given.keepSettings(torrents, settings)
      },
    })
    const withdrawn = outcomes.filter(({ status }) => status === 'withdrawn')
    const gone = new Set(withdrawn.map(({ infoHash }) => infoHash))
    return new Set(torrents.flatMap(({ torrent, infoHash }) => (gone.has(infoHash) ? torrent : [])))
  }
}

/** Asks a client for the info hashes of btkit's torrents that it seeds. */
export async function listSeeded(client: TorrentClient): Promise<Set<InfoHash>> {
  if (client.listSeeded) return new Set(await client.listSeeded())
  const own = (await client.list()).filter((each) => each.isMarked && isSeeded(each))
  return new Set(own.map(({ infoHash }) => infoHash))
}
