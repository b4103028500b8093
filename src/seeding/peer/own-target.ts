import { clientInfoHash } from '../../core/publish/client.js'
import type { PublishOutcome } from '../../core/publish/publish.js'
import { loadTorrent } from '../../core/read-torrent.js'
import { GivenRecord } from '../../core/keep-seeded/given.js'
import type { NamedHash, SeedTarget } from '../../core/keep-seeded/reconcile.js'
import type { WholeTorrent } from '../../core/keep-seeded/whole-data.js'
import { BtkitError } from '../../base/errors.js'
import { trackerTiers } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { RemoteData } from '../../core/keep-seeded/remote-data.js'
import type { LoadedTorrent } from './content.js'
import type { SeedTorrent } from './seeded.js'
import type { SeedService } from './service.js'

/** Lets a keeper give torrents to the own seed. */
export class OwnTarget implements SeedTarget<WholeTorrent> {
  /** Peers get a torrent at once, while the data of the next one is read. */
  readonly atOnce = 1
  readonly given = new GivenRecord()

  constructor(
    private readonly service: Pick<
      SeedService,
      'lookAtData' | 'states' | 'find' | 'add' | 'remove'
    >,
    private readonly remoteData: RemoteData | null = null,
  ) {}

  async list(): Promise<Set<InfoHash>> {
    await this.service.lookAtData()
    for (const [name, { infoHash }] of this.given.torrents)
      if (!this.service.find(infoHash)) this.given.put(name, null)
    return new Set(Array.from(this.service.states(), ({ torrent }) => clientInfoHash(torrent)))
  }

  add(torrents: readonly WholeTorrent[]): Promise<PublishOutcome[]> {
    const outcomes = torrents.map((whole): PublishOutcome => {
      const { torrent, metainfo } = whole
      const infoHash = clientInfoHash(metainfo)
      // It reads its file again, and announces to the trackers there
      const old = this.service.find(infoHash)
      if (old) this.service.remove(old)
      this.service.add(this.#seedTorrent(whole))
      return { torrent, infoHash, status: 'published', reason: null, code: null }
    })
    return Promise.resolve(outcomes)
  }

  remove(torrents: readonly NamedHash[]): Promise<Set<string>> {
    const removed = new Set<string>()
    for (const { torrent, infoHash } of torrents) {
      const seeded = this.service.find(infoHash)
      if (!seeded || seeded.path === null) continue
      this.service.remove(seeded)
      removed.add(torrent)
    }
    return Promise.resolve(removed)
  }

  /** Describes a torrent, which is read again when a peer asks for it: many take much memory. */
  #seedTorrent({ torrent: path, metainfo, files, remote }: WholeTorrent): SeedTorrent {
    const { name, infoHash, infoHashV2, size } = metainfo
    const { remoteData } = this
    const readPiece: LoadedTorrent['readPiece'] =
      remote && remoteData ? (piece, see) => remoteData.readPiece(remote, piece, see) : undefined
    const load = async () => {
      const again = await loadTorrent(path)
      if (again.infoHash === infoHash && again.infoHashV2 === infoHashV2)
        return { metainfo: again, files, readPiece }
      throw new BtkitError('changed', `${path}: is another torrent now`)
    }
    const trackers = trackerTiers(metainfo)
    return {
      path,
      name,
      infoHash,
      infoHashV2,
      private: metainfo.private,
      size,
      trackers,
      files,
      load,
    }
  }
}
