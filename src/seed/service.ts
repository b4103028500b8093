import { Announcer, type AnnounceStatus } from './announcer.js'
import { DhtAnnouncer } from './dht.js'
import { LocalDiscovery } from './local-discovery.js'
import {
  hashesOf,
  Seeder,
  type PeerAddress,
  type SeederOptions,
  type SeedTorrent,
} from './seeder.js'

export interface SeedServiceOptions extends SeederOptions {
  /** Whether public torrents are announced in the DHT. */
  readonly dht: boolean
  /** Nodes of the DHT to begin with, as `host:port`; null for the public ones. */
  readonly dhtNodes: readonly string[] | null
  /** Whether public torrents are announced on the local network. */
  readonly localDiscovery: boolean
}

/** Seeds torrents, and tells trackers, the DHT and the local network of them. */
export class SeedService extends Seeder {
  readonly #announcer: Announcer
  #dht: DhtAnnouncer | null = null
  #local: LocalDiscovery | null = null

  private constructor(private readonly own: SeedServiceOptions) {
    super(own)
    this.#announcer = new Announcer({
      peerId: this.peerId,
      port: () => this.port,
      monotonic: own.monotonic,
      uploadedOf: (torrent) => this.uploadedOf(torrent),
      onPeers: (torrent, peers) => {
        this.dial(torrent, peers)
      },
    })
  }

  /**
   * Begins to listen.
   * @throws BtkitError if it cannot
   */
  static async open(options: SeedServiceOptions): Promise<SeedService> {
    const service = new SeedService(options)
    try {
      await service.listen()
    } catch (error) {
      await service.close()
      throw error
    }
    service.#discover()
    return service
  }

  /** How announces to trackers go. */
  get announces(): AnnounceStatus {
    return this.#announcer.status
  }

  /** Known nodes of the DHT; null if it is not used. */
  get dhtNodes(): number | null {
    return this.#dht?.nodes ?? null
  }

  /** The trackers of a torrent that fail, each with the reason. */
  failuresOf(torrent: SeedTorrent): ReturnType<Announcer['failuresOf']> {
    return this.#announcer.failuresOf(torrent)
  }

  override add(torrent: SeedTorrent): boolean {
    if (!super.add(torrent)) return false
    this.#announcer.add(torrent)
    if (!torrent.private) this.#local?.announce(hashesOf(torrent))
    return true
  }

  override remove(torrent: SeedTorrent): void {
    super.remove(torrent)
    this.#announcer.remove(torrent)
  }

  /** Tells the trackers, and closes all connections. */
  override async close(): Promise<void> {
    this.#local?.close()
    await Promise.all([this.#announcer.close(), this.#dht?.close()])
    await super.close()
  }

  #discover(): void {
    const { dht, dhtNodes: nodes, localDiscovery, monotonic } = this.own
    const { port, udp: socket } = this
    const infoHashes = () => this.publicHashes()
    const onPeer = (infoHash: string, address: PeerAddress) => {
      const torrent = this.find(infoHash)
      if (torrent && !torrent.private) this.dial(torrent, [address])
    }
    const found = { port, infoHashes, onPeer }
    if (dht && socket) this.#dht = new DhtAnnouncer({ socket, nodes, monotonic, ...found })
    if (localDiscovery) this.#local = new LocalDiscovery(found)
  }
}
