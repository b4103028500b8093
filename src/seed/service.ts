import { Announcer, type AnnounceStatus } from './announcer.js'
import { DhtAnnouncer } from './dht.js'
import { LocalDiscovery } from './local-discovery.js'
import {
  hashesOf,
  Seeder,
  type PeerAddress,
  type SeededState,
  type SeederOptions,
  type SeederStatus,
  type SeedTorrent,
} from './seeder.js'

export interface SeedServiceOptions extends SeederOptions {
  /** Whether public torrents are announced in the DHT. */
  readonly dht: boolean
  /** Nodes of the DHT to begin with, as `host:port`; null for the public ones. */
  readonly dhtNodes: readonly string[] | null
  /** Whether public torrents are announced on the local network. */
  readonly localDiscovery: boolean
  /** Whether the trackers of torrents are announced to. */
  readonly announces: boolean
}

/** Figures of everything that seeds. */
export interface SeedStatus extends SeederStatus {
  readonly trackers: AnnounceStatus
  /** Known nodes of the DHT; null if it is not used. */
  readonly dhtNodes: number | null
}

/** Seeds torrents, and tells trackers, the DHT and the local network of them. */
export class SeedService {
  readonly #announcer: Announcer | null
  readonly #dht: DhtAnnouncer | null
  readonly #local: LocalDiscovery | null

  private constructor(
    private readonly seeder: Seeder,
    { dht, dhtNodes, localDiscovery, announces, monotonic }: SeedServiceOptions,
  ) {
    const { peerId, port } = seeder
    this.#announcer = announces
      ? new Announcer({
          peerId,
          port,
          monotonic,
          uploadedOf: (torrent) => seeder.uploadedOf(torrent),
          onPeers: (torrent, peers) => {
            seeder.dial(torrent, peers)
          },
        })
      : null
    const infoHashes = () => seeder.publicHashes()
    const onPeer = (infoHash: string, address: PeerAddress) => {
      const torrent = seeder.find(infoHash)
      if (torrent && !torrent.private) seeder.dial(torrent, [address])
    }
    const { udp: socket } = seeder
    this.#dht =
      dht && socket
        ? new DhtAnnouncer({ socket, port, nodes: dhtNodes, monotonic, infoHashes, onPeer })
        : null
    this.#local = localDiscovery ? new LocalDiscovery({ port, infoHashes, onPeer }) : null
  }

  /**
   * Begins to listen.
   * @throws BtkitError if it cannot
   */
  static async open(options: SeedServiceOptions): Promise<SeedService> {
    let service: SeedService | null = null
    const seeder = await Seeder.open({
      ...options,
      onWithdrawn: (torrent, reason) => {
        service?.remove(torrent)
        options.onWithdrawn(torrent, reason)
      },
    })
    service = new SeedService(seeder, options)
    return service
  }

  /** The port on which it listens. */
  get port(): number {
    return this.seeder.port
  }

  get status(): SeedStatus {
    return {
      ...this.seeder.status,
      trackers: this.#announcer?.status ?? { tiers: 0, failing: 0 },
      dhtNodes: this.#dht?.nodes ?? null,
    }
  }

  /** The torrents, each with its figures. */
  states(): Iterable<SeededState> {
    return this.seeder.states()
  }

  /** The trackers of a torrent that fail, each with the reason. */
  failuresOf(torrent: SeedTorrent): ReturnType<Announcer['failuresOf']> {
    return this.#announcer?.failuresOf(torrent) ?? []
  }

  /** Whether a torrent is seeded, by any of its info hashes in hexadecimal. */
  has(infoHash: string): boolean {
    return this.seeder.find(infoHash) !== null
  }

  /** Seeds a torrent from now on, unless it is seeded already. */
  add(torrent: SeedTorrent): void {
    if (!this.seeder.add(torrent)) return
    this.#announcer?.add(torrent)
    if (!torrent.private) this.#local?.announce(hashesOf(torrent))
  }

  /** Stops seeding a torrent. */
  remove(torrent: SeedTorrent): void {
    this.seeder.remove(torrent)
    this.#announcer?.remove(torrent)
  }

  /** Tells the trackers, and closes all connections. */
  async close(): Promise<void> {
    this.#local?.close()
    await Promise.all([this.#announcer?.close(), this.#dht?.close()])
    await this.seeder.close()
  }
}
