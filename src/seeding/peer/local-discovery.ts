import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { reachOf } from '../../core/remote/address-reach.js'
import { PacketLimit } from './packet-limit.js'
import type { Seeder } from './seeder.js'
import { readInfoHash } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'

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

/** Longest packet in bytes that is read, and packets in a second: anybody may send any number. */
const LONGEST = 1400
const PER_SECOND = 100
const PER_SENDER = 20

/** Announces torrents on the local network, and hears others there (BEP 14). */
export class LocalDiscovery {
  readonly #cookie = `btkit-${randomBytes(4).toString('hex')}`
  readonly #sockets: Socket[] = []
  readonly #timer: NodeJS.Timeout
  /** Info hashes that wait for their announce. */
  readonly #waiting = new Set<InfoHash>()
  readonly #limit = new PacketLimit(PER_SECOND, PER_SENDER)

  constructor(private readonly seeder: Seeder) {
    for (const [family, group] of GROUPS) this.#open(family, group)
    let ticks = 0
    this.#timer = setInterval(() => {
      if (++ticks % (INTERVAL / PORTION_INTERVAL) === 0) this.announce(seeder.publicHashes())
      const portion = [...this.#waiting].slice(0, PORTION)
      for (const infoHash of portion) this.#waiting.delete(infoHash)
      if (portion.length > 0) this.#send(portion)
    }, PORTION_INTERVAL).unref()
  }

  /** Announces torrents, in portions. */
  announce(infoHashes: Iterable<InfoHash>): void {
    for (const infoHash of infoHashes) this.#waiting.add(infoHash)
  }

  close(): void {
    clearInterval(this.#timer)
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  #open(family: 'udp4' | 'udp6', group: string): void {
    const socket = createSocket({ type: family, reuseAddr: true, ipv6Only: family === 'udp6' })
    // A network without multicast, or without this family, is none to be found on
    const refuse = () => {
      socket.close()
    }
    socket.once('error', refuse)
    socket.on('message', (packet, { address }) => {
      if (packet.length > LONGEST || !this.#limit.take(address)) return
      this.#read(packet.toString('latin1'), address)
    })
    socket.bind(PORT, () => {
      socket.off('error', refuse).on('error', () => undefined)
      try {
        socket.addMembership(group)
        this.#sockets.push(socket)
      } catch {
        socket.close()
      }
    })
    socket.unref()
  }

  #send(infoHashes: readonly InfoHash[]): void {
    this.#sockets.forEach((socket) => {
      const isIPv4 = socket.address().family === 'IPv4'
      const group = GROUPS[isIPv4 ? 0 : 1][1]
      const host = isIPv4 ? group : `[${group}]`
      const hashes = infoHashes.map((hash) => `Infohash: ${hash}\r\n`).join('')
      const head = `BT-SEARCH * HTTP/1.1\r\nHost: ${host}:${PORT}\r\nPort: ${this.seeder.port}\r\n`
      const packet = `${head}${hashes}cookie: ${this.#cookie}\r\n\r\n\r\n`
      socket.send(packet, PORT, group, () => undefined)
    })
  }

  #read(packet: string, host: string): void {
    if (!packet.startsWith('BT-SEARCH * HTTP/1.1\r\n') || packet.includes(this.#cookie)) return
    const port = Number(/^Port: *(\d{1,5})\r$/im.exec(packet)?.[1])
    if (!(port > 0 && port < 65_536)) return
    const found = [...packet.matchAll(/^Infohash: *([\da-f]{40})\r$/gim)].map(([, hash]) => hash)
    for (const hash of new Set(found)) {
      const infoHash = readInfoHash(hash ?? '')
      if (infoHash !== null) this.seeder.dialPublic(infoHash, { host, port }, reachOf(host))
    }
  }
}
