import { growYoungHeap } from '../../base/heap-growth.js'
import { createHash, randomBytes } from 'node:crypto'
import { connect, createServer, isIP, type Server, type Socket } from 'node:net'
import { LRUCache } from 'lru-cache'
import { BtkitError, osCodeOf } from '../../base/errors.js'
import { trace } from '../../base/text/trace.js'
import { outerAddresses, Reach, reachOf } from '../../core/remote/address-reach.js'
import {
  ClientAddresses,
  clientKey,
  unmappedAddress,
} from '../../server/connections/client-address.js'
import {
  connectionLimiter,
  connectionLimits,
  maxDescriptors,
  CONNECTIONS,
} from '../../server/connections/connection-limits.js'
import { openServer } from '../../server/listen/open-server.js'
import { createThrottle } from '../../disk/hash/jobs/job.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import { openUdp, type UdpPort } from './udp.js'
import { Peer, type PeerHost } from './peer.js'
import {
  DataRounds,
  LoadedTorrents,
  Seeded,
  stateOf,
  type SeededState,
  type SeedTorrent,
} from './seeded.js'
import { UploadSlots } from './upload-slots.js'

/** Most connections of one torrent, and those begun here. */
const MOST_OF_TORRENT = 500
const MOST_DIALLED = 200

/** Peers that are dialled for one torrent, at most. */
export const MOST_DIALLED_OF_TORRENT = 30

/** Milliseconds until a connection begun here must stand, and until a peer is dialled again. */
const DIAL_TIME = 10_000
const DIAL_AGAIN = 30 * 60_000

/** Dialled addresses of all torrents that are remembered: strangers may name any number. */
const MOST_REMEMBERED = 10_000

/** New connections that an address may begin at once, and how many more each second. */
const BURST = 64
const PER_SECOND = 4

/** Milliseconds between looks at all peers. */
const LOOK = 1000

/** Share of a rate that is from the last look; the rest is older. */
const RATE_CHANGE = 0.3

/** Usual chunks that are read ahead for a peer. */
const READ_AHEAD = 8

export interface SeederOptions {
  /** An address to listen on; null for all, IPv4 and IPv6. */
  readonly host: string | null
  readonly port: number
  /** The last port that is tried if those before it are taken. */
  readonly lastPort: number
  /** Bytes a second; null for no limit. */
  readonly maxUpload: number | null
  /** Chunks that are read ahead for a peer. Fewer leave a process more time for other requests. */
  readonly readAhead?: number
  readonly version: string
  readonly monotonic: () => number
  /**
   * A torrent is not seeded any more: its data changed, or cannot be read; null if `lookAtData` saw
   * that.
   */
  readonly onWithdrawn: (torrent: SeedTorrent, reason: Error | null) => void
  readonly onError: (error: unknown) => void
}

/** Figures of a seeder. */
export interface SeederStatus {
  readonly port: number
  readonly torrents: number
  readonly peers: number
  /** Peers that upload is offered to. */
  readonly slots: number
  readonly uploaded: number
  /** Bytes a second. */
  readonly rate: number
  /** Connections and requests that were refused. */
  readonly refused: number
}

/** Seeds torrents to peers: one port for all of them. It never downloads. */
export class Seeder {
  readonly peerId = Buffer.concat([Buffer.from('-BK0100-'), randomBytes(12)]).toString('hex')
  /** The key of its announces, which only trackers learn. */
  readonly key = randomBytes(4).readUInt32BE()
  readonly monotonic: () => number
  readonly #seeded = new Map<InfoHash, Seeded>()
  readonly #all = new Set<Seeded>()
  /** Info hashes by their digest with `req2`, as encrypted handshakes have it. */
  readonly #encrypted = new Map<string, InfoHash>()
  readonly #loaded: LoadedTorrents
  readonly #rounds = new DataRounds()
  readonly #slots: UploadSlots
  readonly #peers = new Set<Peer>()
  readonly #arrivals = new Map<string, { left: number; at: number }>()
  /** When peers of torrents were dialled last. */
  readonly #dialled = new LRUCache<string, number>({ max: MOST_REMEMBERED })
  readonly #server: Server
  readonly #host: PeerHost
  readonly #timer: NodeJS.Timeout
  #port = 0
  /** The port outside, if a router gave one. */
  #mapped: number | null = null
  #udp: UdpPort | null = null
  readonly #outside = { hasConnected: false, isNamed: false }
  #dialling = 0
  #refused = 0
  /** Bytes sent of torrents that are not seeded any more. */
  #uploadedBefore = 0
  #lookedAt = 0

  protected constructor(private readonly options: SeederOptions) {
    const { monotonic, maxUpload, readAhead = READ_AHEAD, version } = options
    this.monotonic = monotonic
    this.#slots = new UploadSlots(monotonic)
    this.#loaded = new LoadedTorrents(monotonic)
    this.#host = {
      peerId: this.peerId,
      portFor: (address) => (isOutside(address) ? this.outerPort : this.#port),
      slots: this.#slots,
      held: { bytes: 0 },
      readAhead,
      throttle: maxUpload === null ? null : createThrottle(maxUpload),
      monotonic,
      version,
      find: (infoHash) => this.#seeded.get(infoHash) ?? null,
      findEncrypted: (digest) => this.#encrypted.get(digest) ?? null,
      admits: this.#admits,
      load: (torrent) => {
        // Uploads need the space that looks and announces do not
        growYoungHeap(Infinity)
        return this.#loaded.load(torrent)
      },
      fail: this.#fail,
      onRefused: () => {
        this.#refused++
      },
      onFault: this.options.onError,
      onClosed: (peer) => {
        this.#peers.delete(peer)
      },
    }
    this.#server = createServer()
    const limits = connectionLimits(CONNECTIONS.seed, new ClientAddresses([]), maxDescriptors())
    // A stranger's handshake costs more than the block of a peer: as Node accepts them, one a turn
    connectionLimiter({ ...limits, haveTurns: false })(this.#server)
    this.#server.on('connection', (socket) => {
      this.#accept(socket)
    })
    this.#lookedAt = monotonic()
    this.#timer = setInterval(() => {
      this.#look()
    }, LOOK).unref()
  }

  /** The port on which it listens. */
  get port(): number {
    return this.#port
  }

  /** The port at which peers in the internet reach it: a router may give another one. */
  get outerPort(): number {
    return this.#mapped ?? this.#port
  }

  /** Whether peers in the internet have connected, and whether others named such peers. */
  get outside(): { readonly hasConnected: boolean; readonly isNamed: boolean } {
    return this.#outside
  }

  /** The UDP side of the port, for the DHT; null if it could not be had. */
  get udp(): UdpPort['ipv4'] {
    return this.#udp?.ipv4 ?? null
  }

  /** The families of addresses on which it listens. */
  get families(): readonly (4 | 6)[] {
    const bound = this.#server.address()
    if (typeof bound !== 'object' || bound?.family !== 'IPv6') return [4]
    return bound.address === '::' ? [6, 4] : [6]
  }

  /** The addresses at which other machines reach it. */
  get outerAddresses(): readonly string[] {
    const bound = this.#server.address()
    const own = bound !== null && typeof bound === 'object' ? bound.address : ''
    return outerAddresses().filter((each) => ['::', '0.0.0.0', each].includes(own))
  }

  get status(): SeederStatus {
    return {
      port: this.#port,
      torrents: this.#all.size,
      peers: this.#peers.size,
      slots: this.#slots.used,
      uploaded: this.#uploadedBefore + this.#sumOf(({ uploaded }) => uploaded),
      rate: this.#sumOf(({ rate }) => Math.round(rate)),
      refused: this.#refused,
    }
  }

  /** The torrents, each with its figures. */
  *states(): Generator<SeededState> {
    for (const seeded of this.#all) yield stateOf(seeded)
  }

  /** Finds a torrent by one of its info hashes. */
  find(infoHash: InfoHash): SeedTorrent | null {
    return this.#seeded.get(infoHash)?.torrent ?? null
  }

  /** The figures of a torrent, by one of its info hashes; null if it is not seeded. */
  stateOf(infoHash: InfoHash): SeededState | null {
    const seeded = this.#seeded.get(infoHash)
    return seeded ? stateOf(seeded) : null
  }

  /** The info hashes of the public torrents. */
  *publicHashes(): Generator<InfoHash> {
    for (const [hash, { torrent }] of this.#seeded) if (!torrent.private) yield hash
  }

  /** Seeds a torrent from now on. Returns false if it is seeded already. */
  add(torrent: SeedTorrent): boolean {
    const hashes = swarmHashes(torrent)
    if (hashes.every((hash) => this.#seeded.has(hash))) return false
    trace(() => `${torrent.name}: seeded from now on`)
    const seeded = new Seeded(torrent)
    this.#all.add(seeded)
    for (const hash of hashes) {
      this.#seeded.set(hash, seeded)
      this.#encrypted.set(encryptedDigest(hash), hash)
    }
    return true
  }

  /** Stops seeding a torrent, and tells its peers. */
  remove(torrent: SeedTorrent): void {
    for (const hash of swarmHashes(torrent)) {
      const seeded = this.#seeded.get(hash)
      if (!seeded || seeded.torrent !== torrent) continue
      this.#seeded.delete(hash)
      this.#encrypted.delete(encryptedDigest(hash))
      if (this.#all.delete(seeded)) this.#uploadedBefore += seeded.uploaded
      this.#loaded.unload(seeded)
      if (seeded.peers === 0) continue
      for (const peer of this.#peers) if (peer.torrent === seeded) peer.leave()
    }
  }

  readonly #fail = (seeded: Seeded, error: unknown): void => {
    if (!this.#all.has(seeded)) return
    trace(() => `${seeded.torrent.name}: a peer gets nothing: ${String(error)}`)
    if (error instanceof BtkitError && error.code === 'busy') {
      this.#refused++
      return
    }
    this.withdraw(seeded.torrent, error instanceof Error ? error : new Error(String(error)))
  }

  protected withdraw(torrent: SeedTorrent, reason: Error | null): void {
    trace(() => `${torrent.name}: not seeded any more: ${reason?.message ?? 'its data changed'}`)
    this.remove(torrent)
    this.options.onWithdrawn(torrent, reason)
  }

  /** Looks at the data of some torrents, and withdraws those whose data changed. */
  async lookAtData(): Promise<void> {
    await this.#rounds.look(this.#all, (seeded) => {
      if (this.#all.has(seeded)) this.withdraw(seeded.torrent, null)
    })
  }

  /**
   * Connects to peers of a torrent that others named, such as a tracker. Their addresses reach at
   * least as far as `least`, that of who named them: a stranger must not have this machine or its
   * network called.
   */
  dial(torrent: SeedTorrent, addresses: readonly PeerAddress[], least: number): void {
    const [infoHash] = swarmHashes(torrent)
    const seeded = infoHash && this.#seeded.get(infoHash)
    if (!seeded) return
    const now = this.monotonic()
    for (const { host, port } of addresses) {
      const key = `${seeded.id} ${host} ${port}`
      const last = this.#dialled.get(key)
      const isFull =
        seeded.peers + seeded.dialling >= MOST_DIALLED_OF_TORRENT || this.#dialling >= MOST_DIALLED
      // Services of a machine listen below 1024; who names them wants them to be called
      if (isFull || port < 1024 || (last !== undefined && now - last < DIAL_AGAIN)) continue
      const reach = isIP(host) === 0 ? least : reachOf(host)
      if (reach < least) continue
      // With the own port, it may be this seed itself
      if (reach === Reach.all && port !== this.outerPort) this.#outside.isNamed = true
      this.#dialled.set(key, now)
      this.#connect(seeded, host, port, least, false)
    }
  }

  /** Connects to one that takes part in a public torrent, which may be unknown here. */
  dialPublic(infoHash: InfoHash, address: PeerAddress, least: number): void {
    const torrent = this.find(infoHash)
    if (torrent && !torrent.private) this.dial(torrent, [address], least)
  }

  /** Peers in the internet reach it at this port from now on. */
  mapPort(outerPort: number): void {
    this.#mapped = outerPort
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#udp?.close()
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    for (const peer of this.#peers) peer.leave()
    setTimeout(() => {
      for (const peer of this.#peers) peer.destroy()
    }, LOOK).unref()
    await closed
    this.#loaded.close()
  }

  #sumOf(figure: (seeded: Seeded) => number): number {
    let sum = 0
    for (const seeded of this.#all) sum += figure(seeded)
    return sum
  }

  /**
   * Begins to listen.
   * @throws BtkitError if it cannot
   */
  protected async listen(): Promise<void> {
    const { host, port, lastPort } = this.options
    for (let next = port; !this.#server.listening;) {
      try {
        await openServer(this.#server, { host: host ?? '::', port: next })
      } catch (error) {
        const code = error instanceof BtkitError ? osCodeOf(error.cause) : undefined
        if (code === 'EADDRINUSE' && next < lastPort) next++
        else throw error
      }
    }
    const bound = this.#server.address()
    this.#port = typeof bound === 'object' ? (bound?.port ?? port) : port
    this.#server.on('error', this.options.onError)
    this.#udp = await openUdp(host, this.#port)
  }

  #accept(socket: Socket): void {
    const address = socket.destroyed ? undefined : socket.remoteAddress
    if (address === undefined || !this.#mayBegin(clientKey(unmappedAddress(address)))) {
      this.#refused++
      socket.destroy()
      return
    }
    this.#outside.hasConnected ||= isOutside(unmappedAddress(address))
    this.#peers.add(new Peer(socket, this.#host))
  }

  /** Whether an address may begin a connection now: each handshake costs more than its bytes. */
  #mayBegin(client: string): boolean {
    const now = this.monotonic()
    const known = this.#arrivals.get(client) ?? { left: BURST, at: now }
    const left = Math.min(BURST, known.left + ((now - known.at) / 1000) * PER_SECOND)
    this.#arrivals.set(client, { left: left < 1 ? left : left - 1, at: now })
    return left >= 1
  }

  #connect(seeded: Seeded, host: string, port: number, least: number, isEncrypted: boolean): void {
    this.#dialling++
    seeded.dialling++
    const socket = connect({ host, port })
    // Each address of a name comes here before it is called
    socket.on('lookup', (_error: unknown, address?: string) => {
      if (address !== undefined && reachOf(address) < least) socket.destroy()
    })
    const peer = new Peer(socket, this.#host, { torrent: seeded, isEncrypted })
    this.#peers.add(peer)
    const timer = setTimeout(() => {
      if (socket.connecting) socket.destroy()
    }, DIAL_TIME)
    let hasConnected = false
    const arrive = () => {
      if (hasConnected) return
      clearTimeout(timer)
      seeded.dialling--
    }
    socket.once('connect', () => {
      arrive()
      hasConnected = true
    })
    socket.once('close', () => {
      arrive()
      this.#dialling--
      // Some clients close a connection that is not encrypted
      const isRefused = hasConnected && !isEncrypted && peer.torrent === null
      if (isRefused && this.#server.listening && this.#all.has(seeded))
        this.#connect(seeded, host, port, least, true)
    })
  }

  /**
   * Whether a peer may take part. If a torrent has as many peers as it may have, those of an
   * address with many give way to those of others.
   */
  readonly #admits = (torrent: Seeded, peer: Peer): boolean => {
    if (torrent.peers < MOST_OF_TORRENT) return true
    const clients = new Map<string, Peer[]>()
    for (const each of this.#peers) {
      const { client } = each
      if (each.torrent === torrent) clients.set(client, [...(clients.get(client) ?? []), each])
    }
    let most: readonly Peer[] = []
    for (const each of clients.values()) if (each.length > most.length) most = each
    const own = clients.get(peer.client)?.length ?? 0
    if (most.length < own + 2) return false
    most.at(-1)?.destroy()
    return true
  }

  #look(): void {
    const now = this.monotonic()
    for (const peer of this.#peers) peer.look(now)
    this.#slots.turn()
    const elapsed = (now - this.#lookedAt) / 1000
    this.#lookedAt = now
    for (const seeded of this.#all) {
      seeded.rate +=
        RATE_CHANGE * ((seeded.uploaded - seeded.uploadedBefore) / elapsed - seeded.rate)
      seeded.uploadedBefore = seeded.uploaded
    }
    this.#loaded.look()
    for (const [client, { at }] of this.#arrivals) {
      if (now - at > (1000 * BURST) / PER_SECOND) this.#arrivals.delete(client)
    }
  }
}

/** Where a peer listens. */
export interface PeerAddress {
  /** An IP address or a DNS name. */
  readonly host: string
  readonly port: number
}

/** Whether an address is one of the internet. */
function isOutside(address: string): boolean {
  return isIP(address) !== 0 && reachOf(address) === Reach.all
}

function encryptedDigest(infoHash: InfoHash): string {
  return createHash('sha1').update('req2').update(infoHash, 'hex').digest('hex')
}
