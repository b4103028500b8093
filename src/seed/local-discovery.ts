import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { PeerAddress } from './seeder.js'

/** Where announces go on the local network (BEP 14). */
const PORT = 6771
const GROUPS = [
  ['udp4', '239.192.152.143'],
  ['udp6', 'ff15::efc0:988f'],
] as const

/** Milliseconds between announces of all torrents, and of portions of them. */
const INTERVAL = 5 * 60_000
const PORTION_INTERVAL = 1000

/** Info hashes in one packet; more would exceed what networks carry whole. */
const PORTION = 20

/** Longest packet in bytes that is read. */
const LONGEST = 1400

export interface DiscoveryOptions {
  /** Where the seeder listens. */
  readonly port: number
  /** The public torrents' info hashes. */
  readonly infoHashes: () => Iterable<string>
  /** Somebody on the local network takes part in a torrent, which may be unknown here. */
  readonly onPeer: (infoHash: string, address: PeerAddress) => void
}

/** Announces torrents on the local network, and hears others there (BEP 14). */
export class LocalDiscovery {
  readonly #cookie = `btkit-${randomBytes(4).toString('hex')}`
  readonly #sockets: Socket[] = []
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(private readonly options: DiscoveryOptions) {
    for (const [family, group] of GROUPS) this.#open(family, group)
    this.#timers.add(
      setInterval(() => {
        this.announce(options.infoHashes())
      }, INTERVAL).unref(),
    )
  }

  /** Announces torrents, in portions. */
  announce(infoHashes: Iterable<string>): void {
    const all = [...infoHashes]
    for (let at = 0; at < all.length; at += PORTION) {
      const timer = setTimeout(
        () => {
          this.#timers.delete(timer)
          this.#send(all.slice(at, at + PORTION))
        },
        (at / PORTION) * PORTION_INTERVAL,
      ).unref()
      this.#timers.add(timer)
    }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  #open(family: 'udp4' | 'udp6', group: string): void {
    const socket = createSocket({ type: family, reuseAddr: true, ipv6Only: family === 'udp6' })
    // A network without multicast, or without this family, is none to be found on
    socket.on('error', () => undefined)
    socket.on('message', (packet, { address }) => {
      if (packet.length <= LONGEST) this.#read(packet.toString('latin1'), address)
    })
    socket.bind(PORT, () => {
      try {
        socket.addMembership(group)
        this.#sockets.push(socket)
      } catch {
        socket.close()
      }
    })
    socket.unref()
  }

  #send(infoHashes: readonly string[]): void {
    this.#sockets.forEach((socket) => {
      const isIPv4 = socket.address().family === 'IPv4'
      const group = GROUPS[isIPv4 ? 0 : 1][1]
      const host = isIPv4 ? group : `[${group}]`
      const hashes = infoHashes.map((hash) => `Infohash: ${hash}\r\n`).join('')
      const head = `BT-SEARCH * HTTP/1.1\r\nHost: ${host}:${PORT}\r\nPort: ${this.options.port}\r\n`
      const packet = `${head}${hashes}cookie: ${this.#cookie}\r\n\r\n\r\n`
      socket.send(packet, PORT, group, () => undefined)
    })
  }

  #read(packet: string, host: string): void {
    if (!packet.startsWith('BT-SEARCH * HTTP/1.1\r\n') || packet.includes(this.#cookie)) return
    const port = Number(/^Port: *(\d{1,5})\r$/im.exec(packet)?.[1])
    if (!(port > 0 && port < 65_536)) return
    for (const [, hash = ''] of packet.matchAll(/^Infohash: *([\da-f]{40})\r$/gim)) {
      this.options.onPeer(hash.toLowerCase(), { host, port })
    }
  }
}
