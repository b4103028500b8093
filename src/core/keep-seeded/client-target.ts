import type { Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash } from '../../metainfo/values.js'
import {
  clientInfoHash,
  isSeeded,
  type ClientTorrent,
  type TorrentClient,
} from '../publish/client.js'
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

/** A torrent, and the directory on this machine that contains its content under its name. */
export interface PlacedTorrent {
  readonly torrent: string
  readonly metainfo: Metainfo
  readonly place: string
}

/** Lets a keeper give torrents to a client. */
export class ClientTarget implements SeedTarget<PlacedTorrent> {
  readonly atOnce: number
  /** Info hashes that the client did not have before. */
  readonly #added = new Set<InfoHash>()

  /**
   * `endsWithRun` says that the client seeds only as long as the process runs: the torrents that it
   * had before are left to it, and nothing waits for those that it checks.
   */
  constructor(
    private readonly sync: SyncClient,
    readonly given: GivenRecord,
    private readonly endsWithRun: boolean,
  ) {
    // The metainfo of so many is in memory. Where a process goes on, the first ones need not wait
    this.atOnce = endsWithRun ? 50 : 500
  }

  async list(): Promise<Set<InfoHash>> {
    const { client } = this.sync
    if (!this.endsWithRun && client.listSeeded) return new Set(await client.listSeeded())
    const isThere = (torrent: ClientTorrent) => {
      if (!this.endsWithRun) return torrent.isMarked && isSeeded(torrent)
      return isSeeded(torrent) || torrent.state === 'checking'
    }
    return new Set((await client.list()).filter(isThere).map(({ infoHash }) => infoHash))
  }

  async add(torrents: readonly PlacedTorrent[]): Promise<PublishOutcome[]> {
    const { client, remoteDirectory } = this.sync
    const requests = torrents.map(({ torrent, metainfo, place }) => {
      return { torrent, metainfo, directory: remoteDirectory(place), localDirectory: place }
    })
    const outcomes = await publishTorrents(client, requests, {
      ...this.sync,
      // A client that watches the directory may have them first
      adopts: !this.endsWithRun,
      begun: this.given.begun,
      onHandOver: (fresh) => {
        return this.given.begin(
          fresh.map(({ torrent, metainfo }) => [torrent, clientInfoHash(metainfo)]),
        )
      },
    })
    for (const { infoHash, status } of outcomes)
      if (status !== 'already' && status !== 'failed') this.#added.add(infoHash)
    return outcomes
  }

  async remove(torrents: readonly NamedHash[]): Promise<Set<string>> {
    const own = torrents.filter(({ infoHash }) => !this.endsWithRun || this.#added.has(infoHash))
    const infoHashes = [...new Set(own.map(({ infoHash }) => infoHash))]
    const { begun } = this.given
    const outcomes = await withdrawTorrents(this.sync.client, infoHashes, { begun })
    for (const infoHash of infoHashes) this.#added.delete(infoHash)
    const withdrawn = outcomes.filter(({ status }) => status === 'withdrawn')
    const gone = new Set(withdrawn.map(({ infoHash }) => infoHash))
    return new Set(own.flatMap(({ torrent, infoHash }) => (gone.has(infoHash) ? torrent : [])))
  }

  /** Returns the given torrents in the client's list, each with the path of its file. */
  async listGiven(): Promise<(ClientTorrent & { readonly torrent: string })[]> {
    const files = new Map<InfoHash, string>()
    for (const [name, { infoHash }] of this.given.torrents)
      if (!files.has(infoHash)) files.set(infoHash, name)
    return (await this.sync.client.list()).flatMap((each) => {
      const torrent = files.get(each.infoHash)
      return torrent === undefined ? [] : [{ torrent, ...each }]
    })
  }

  /**
   * Removes all torrents that the client did not have before. `client` answers after an interruption.
   * @throws BtkitError as the client
   */
  async removeAll(client: TorrentClient): Promise<void> {
    const { begun } = this.given
    await withdrawTorrents(client, [...new Set([...this.#added, ...begun])], { begun })
  }
}
