import DHT from 'bittorrent-dht'
import { Announcer } from './announcer.js'
import { LocalDiscovery } from './local-discovery.js'
import {
  hashesOf,
  Seeder,
  type PeerAddress,
  type SeederOptions,
  type SeedTorrent,
} from './seeder.js'

export interface SeedServiceOptions extends SeederOptions {
  /** The IP address in announces; null for the one that trackers see. */
  readonly announcedAddress: string | null
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

  private constructor(options: SeedServiceOptions) {
    super(options)
    this.#announcer = new Announcer(this, options.announcedAddress)
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
    if (options.dht && service.udp) service.#dht = new DhtAnnouncer(service, options.dhtNodes)
    if (options.localDiscovery) service.#local = new LocalDiscovery(service)
    return service
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
    // The last announce has the bytes sent
    this.#announcer.remove(torrent)
    super.remove(torrent)
  }

  /** Tells the trackers, and closes all connections. */
  override async close(): Promise<void> {
    this.#local?.close()
    await Promise.all([this.#announcer.close(), this.#dht?.close()])
    await super.close()
  }
}

/** Milliseconds between announces of one torrent, and between any two. */
const INTERVAL = 25 * 60_000
const PAUSE = 500

/** Announces public torrents in the DHT (BEP 5), one after the other. */
class DhtAnnouncer {
  readonly #dht: DHT
  readonly #timer: NodeJS.Timeout
  /** When each torrent was announced last, the longest ago first. */
  readonly #announced = new Map<string, number>()
  #isBusy = false

  /** `nodes` are those to begin with, as `host:port`; null for the public ones. */
  constructor(
    private readonly seeder: Seeder,
    nodes: readonly string[] | null,
  ) {
    this.#dht = new DHT({ socket: seeder.udp, ...(nodes === null ? {} : { bootstrap: nodes }) })
    // Strangers' packets may be anything
    this.#dht.on('warning', () => undefined)
    this.#dht.on('error', () => undefined)
    this.#dht.on('peer', ({ host, port }: PeerAddress, infoHash: Uint8Array) => {
      seeder.dialPublic(Buffer.from(infoHash).toString('hex'), { host, port })
    })
    this.#timer = setInterval(() => {
      this.#announceNext()
    }, PAUSE).unref()
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    return new Promise((resolve) => {
      this.#dht.destroy(resolve)
    })
  }

  #announceNext(): void {
    if (this.#isBusy || this.#dht.nodes.count() === 0) return
    const now = this.seeder.monotonic()
    for (const [hash, at] of this.#announced) {
      if (now - at < INTERVAL) break
      this.#announced.delete(hash)
    }
    for (const hash of this.seeder.publicHashes()) {
      if (this.#announced.has(hash)) continue
      this.#announced.set(hash, now)
      this.#isBusy = true
      this.#dht.announce(hash, this.seeder.port, () => {
        this.#isBusy = false
      })
      return
    }
  }
}
