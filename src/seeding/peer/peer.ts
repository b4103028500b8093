import type { Socket } from 'node:net'
import type { InfoHash } from '../../metainfo/values.js'
import { clientKey } from '../../server/connections/client-address.js'
import type { SeededContent } from './content.js'
import type { Seeded } from './seeded.js'
import { Upload, type UploadHost } from './upload.js'
import { type Handshake, PeerWire, type WireHost } from './wire.js'

/** Milliseconds until a silent peer is left. */
const SILENCE = 180_000

/** Milliseconds in which a handshake must arrive, and unread bytes must become fewer. */
const HANDSHAKE = 15_000
const STANDSTILL = 30_000

/** The parts that all peers share. */
export interface PeerHost extends WireHost, UploadHost {
  readonly peerId: string
  /** Finds a torrent by an info hash. */
  readonly find: (infoHash: InfoHash) => Seeded | null
  /** Resolves when the torrent has been read. */
  readonly load: (torrent: Seeded) => Promise<SeededContent>
  /** Whether one more peer may take part in a torrent; another one may have to leave. */
  readonly admits: (torrent: Seeded, peer: Peer) => boolean
  readonly onClosed: (peer: Peer) => void
}

/** How a connection began. */
export interface Dialled {
  readonly torrent: Seeded
  readonly isEncrypted: boolean
}

/** One connection, from its handshake to its end. It only uploads. */
export class Peer {
  /** The torrent that the other end has named in its handshake; null before that. */
  torrent: Seeded | null = null
  readonly #wire: PeerWire
  /** Null until the torrent has been read. */
  #upload: Upload | null = null
  #heardAt: number
  #unreadBytes = 0
  #unreadAt = 0

  constructor(
    private readonly socket: Socket,
    private readonly host: PeerHost,
    private readonly dialled: Dialled | null = null,
  ) {
    this.#wire = new PeerWire(socket, host, (handshake) => {
      this.#meet(handshake)
    })
    this.#heardAt = host.monotonic()
    socket.setNoDelay(true)
    socket.on('data', () => {
      // A handshake that comes byte by byte has no more time
      if (this.#upload) this.#heardAt = host.monotonic()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.destroy()
      this.#upload?.end()
      host.onClosed(this)
      if (this.torrent) this.torrent.peers--
    })
    const [infoHash] = dialled?.torrent.hashes ?? []
    if (dialled && infoHash) {
      const greet = () => void this.#greet(infoHash, dialled.torrent)
      this.#wire.call(dialled.isEncrypted ? infoHash : null, greet)
    } else this.#wire.accept()
  }

  /** Identifies the client at the other end. */
  get client(): string {
    return clientKey(this.#wire.address)
  }

  /** Ends the connection when what was sent has left. */
  leave(): void {
    this.#wire.leave()
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#wire.destroy()
  }

  /** Leaves a peer that is silent or reads nothing. Call it every second. */
  look(now: number): void {
    this.#wire.look(now)
    const { writableLength } = this.socket
    if (this.#unreadBytes === 0 || writableLength < this.#unreadBytes) {
      this.#unreadBytes = writableLength
      this.#unreadAt = now
    }
    const limit = this.#upload ? SILENCE : HANDSHAKE
    const isStuck = this.#unreadBytes > 0 && now - this.#unreadAt > STANDSTILL
    if (isStuck || now - this.#heardAt > limit) this.socket.destroy()
    else this.#upload?.look()
  }

  #meet({ infoHash, peerId }: Handshake): void {
    const { host, dialled } = this
    const torrent = host.find(infoHash)
    const isOther = dialled !== null && dialled.torrent !== torrent
    if (!torrent || isOther || peerId === host.peerId || !host.admits(torrent, this)) {
      this.#wire.refuse()
      return
    }
    this.torrent = torrent
    torrent.peers++
    if (dialled) this.#upload?.begin()
    else void this.#greet(infoHash, torrent)
  }

  /** Sends the handshake, as soon as the torrent has been read. */
  async #greet(infoHash: InfoHash, torrent: Seeded): Promise<void> {
    const { host } = this
    try {
      const content = await host.load(torrent)
      if (this.socket.destroyed) return
      this.#wire.guard(() => {
        this.#wire.sendHandshake({ infoHash, peerId: host.peerId })
        this.#upload = new Upload(this.#wire, host, { torrent, content })
        if (this.torrent) this.#upload.begin()
      })
    } catch (error) {
      this.destroy()
      host.fail(torrent, error)
    }
  }
}
