import DHT from 'bittorrent-dht'
import type { Socket } from 'node:dgram'
import type { PeerAddress } from './seeder.js'

/** Milliseconds between announces of one torrent, and between any two. */
const INTERVAL = 25 * 60_000
const PAUSE = 500

export interface DhtOptions {
  /** A bound UDP socket for IPv4. */
  readonly socket: Socket
  /** Where the seeder listens. */
  readonly port: number
  /** Nodes to begin with, as `host:port`; null for the public ones. */
  readonly nodes: readonly string[] | null
  readonly monotonic: () => number
  /** The public torrents' info hashes. */
  readonly infoHashes: () => Iterable<string>
  readonly onPeer: (infoHash: string, address: PeerAddress) => void
}

/** Announces public torrents in the DHT (BEP 5), one after the other. */
export class DhtAnnouncer {
  readonly #dht: DHT
  readonly #timer: NodeJS.Timeout
  /** When each torrent was announced last. */
  readonly #announced = new Map<string, number>()
  #isBusy = false

  constructor(private readonly options: DhtOptions) {
    const { socket, nodes } = options
    this.#dht = new DHT({ socket, ...(nodes === null ? {} : { bootstrap: nodes }) })
    // Strangers' packets may be anything
    this.#dht.on('warning', () => undefined)
    this.#dht.on('error', () => undefined)
    this.#dht.on('peer', ({ host, port }: PeerAddress, infoHash: Uint8Array) => {
      options.onPeer(Buffer.from(infoHash).toString('hex'), { host, port })
    })
    this.#timer = setInterval(() => {
      this.#announceNext()
    }, PAUSE).unref()
  }

  /** The number of nodes that are known. */
  get nodes(): number {
    return this.#dht.nodes.count()
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    return new Promise((resolve) => {
      this.#dht.destroy(resolve)
    })
  }

  #announceNext(): void {
    const { infoHashes, port, monotonic } = this.options
    if (this.#isBusy || this.nodes === 0) return
    const now = monotonic()
    const hashes = new Set(infoHashes())
    for (const hash of this.#announced.keys()) if (!hashes.has(hash)) this.#announced.delete(hash)
    for (const hash of hashes) {
      if (now - (this.#announced.get(hash) ?? -Infinity) < INTERVAL) continue
      this.#announced.set(hash, now)
      this.#isBusy = true
      this.#dht.announce(hash, port, () => {
        this.#isBusy = false
      })
      return
    }
  }
}
