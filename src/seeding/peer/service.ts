import { BtkitError, orClose } from '../../base/errors.js'
import { Announcer, type OnTrackerChange } from './announcer.js'
import { DhtAnnouncer } from './dht.js'
import { LocalDiscovery } from './local-discovery.js'
import { isAmong, swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { SeedTorrent } from './seeded.js'
import type { TrackerHere } from './tracker-host.js'
import { Seeder, type SeederOptions, type SeederStatus } from './seeder.js'

export interface SeedServiceOptions extends SeederOptions {
  /** The IP address in announces; null for the one that trackers see. */
  readonly announcedAddress: string | null
  /** Whether public torrents are announced in the DHT. */
  readonly dht: boolean
  /** Whether public torrents are announced on the local network. */
  readonly localDiscovery: boolean
  readonly onTrackerChange?: OnTrackerChange
  /** The tracker in this process; absent: there is none. */
  readonly ownTracker?: TrackerHere | null
}

/** Seeds torrents, and tells trackers, the DHT and the local network of them. */
export class SeedService extends Seeder {
  readonly #announcer: Announcer
  readonly #tracker: TrackerHere | null
  #dht: DhtAnnouncer | null = null
  #local: LocalDiscovery | null = null

  private constructor(options: SeedServiceOptions) {
    super(options)
    const { announcedAddress, onTrackerChange, ownTracker = null } = options
    this.#tracker = ownTracker
    this.#announcer = new Announcer(this, announcedAddress, onTrackerChange, ownTracker)
  }

  /**
   * Begins to listen.
   * @throws BtkitError if it cannot
   */
  static async open(options: SeedServiceOptions): Promise<SeedService> {
    const service = new SeedService(options)
    await orClose(
      () => service.close(),
      () => service.listen(),
    )
    if (options.dht && service.udp) service.#dht = new DhtAnnouncer(service, service.udp)
    if (options.localDiscovery) service.#local = new LocalDiscovery(service)
    return service
  }

  override get status(): SeederStatus & Pick<Announcer, 'failing'> {
    return { ...super.status, failing: this.#announcer.failing }
  }

  /** The trackers of a torrent that fail, each with the reason. */
  failuresOf(torrent: SeedTorrent): ReturnType<Announcer['failuresOf']> {
    return this.#announcer.failuresOf(torrent)
  }

  /** The trackers of a torrent that warn of something, each with its words. */
  warningsOf(torrent: SeedTorrent): ReturnType<Announcer['warningsOf']> {
    return this.#announcer.warningsOf(torrent)
  }

  /** Whether peers can learn of a torrent's seed: from a tracker, the DHT or the local network. */
  canBeFound(torrent: SeedTorrent): boolean {
    if (this.#announcer.isAnnounced(torrent)) return true
    return !torrent.private && (this.#dht !== null || this.#local !== null)
  }

  /** Whether the tracker in this process refuses a torrent. */
  isBanned(torrent: SeedTorrent): boolean {
    return isAmong(torrent, this.#tracker?.banned())
  }

  override add(torrent: SeedTorrent): boolean {
    if (this.isBanned(torrent) || !super.add(torrent)) return false
    this.#announcer.add(torrent)
    if (!torrent.private) this.#local?.announce(swarmHashes(torrent))
    return true
  }

  /** Announces a torrent at once to the trackers that refused it, because they know it now. */
  retry(infoHash: InfoHash): void {
    const torrent = this.find(infoHash)
    if (torrent) this.#announcer.retry(torrent)
  }

  /** Withdraws torrents that are banned now, too. */
  override async lookAtData(): Promise<void> {
    for (const infoHash of this.#tracker?.banned() ?? []) {
      const torrent = this.find(infoHash)
      if (torrent) this.withdraw(torrent, new BtkitError('not-permitted', 'it is banned'))
    }
    await super.lookAtData()
  }

  override remove(torrent: SeedTorrent): void {
    // It notes the bytes sent
    this.#announcer.remove(torrent)
    super.remove(torrent)
  }

  override mapPort(outerPort: number): void {
    if (outerPort === this.outerPort) return
    super.mapPort(outerPort)
    this.#announcer.announceAgain()
    this.#dht?.announceAgain()
  }

  /** Tells the trackers, and closes all connections. */
  override async close(): Promise<void> {
    this.#local?.close()
    await Promise.all([this.#announcer.close(), this.#dht?.close()])
    await super.close()
  }
}
