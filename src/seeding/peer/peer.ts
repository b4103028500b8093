import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { BtkitError } from '../../base/errors.js'
import type { InfoHash } from '../../metainfo/values.js'
import { clientKey, unmappedAddress } from '../../server/connections/client-address.js'
import type { SeededContent } from './content.js'
import { HASH_REQUEST_LENGTH } from './hash-answers.js'
import {
  METADATA_PIECE,
  MOST_HELD_BY_ALL,
  type PeerTorrent,
  UNREAD,
  Upload,
  type UploadHost,
} from './upload.js'
import { type Block, HASHES, HASH_REJECT, type Handshake } from './wire.js'

/** Longest block in bytes that a peer may ask for; all clients ask for 16 KiB. */
const LONGEST_BLOCK = 128 * 1024

/** Most requests of a peer that wait; the handshake names it. */
const MOST_REQUESTS = 500

/** Most requests in a row that are refused before a peer is left. */
const MOST_REFUSED = 2000

/** Pieces that a new peer may fetch before it gets a slot (BEP 6). */
const FAST_PIECES = 10

/** Milliseconds until a silent peer is left, and until it is sent a sign of life. */
const SILENCE = 180_000
const SIGN_OF_LIFE = 100_000

/** Milliseconds in which a handshake must arrive, and unread bytes must become fewer. */
const HANDSHAKE = 15_000
const STANDSTILL = 30_000

/** The parts that all peers share. */
export interface PeerHost extends UploadHost {
  readonly peerId: string
  /** Where this seeder listens. */
  readonly port: () => number
  /** Finds a torrent by an info hash, or by the digest of it that encrypted handshakes have. */
  readonly find: (infoHash: InfoHash) => PeerTorrent | null
  readonly findEncrypted: (digest: string) => InfoHash | null
  /** Resolves when the torrent has been read. */
  readonly load: (torrent: PeerTorrent) => Promise<SeededContent>
  /** Whether one more peer may take part in a torrent; another one may have to leave. */
  readonly admits: (torrent: PeerTorrent, peer: Peer) => boolean
  readonly version: string
  /** A peer's handshake was refused, or the peer was left for what it did. */
  readonly onRefused: () => void
  /** An error that nothing here expects. */
  readonly onFault: (error: unknown) => void
  readonly onClosed: (peer: Peer) => void
}

/** How a connection began. */
export interface Dialled {
  readonly torrent: PeerTorrent
  readonly isEncrypted: boolean
}

/** One connection, from its handshake to its end. It only uploads. */
export class Peer extends Upload {
  /** Pieces that the peer may fetch before it has a slot, and bytes of them. */
  #fastPieces: readonly number[] = []
  #fastBytes = 0
  /** Whether the last block was one that it may fetch before it has a slot. */
  #hasFetchedFast = false
  /** Ends when the last request for hashes of blocks is answered. */
  #hashing = Promise.resolve()
  /** Answers to requests for metadata and hashes that the peer may still get. */
  #extras = 0
  /** The pieces that the peer lacks, a bit each, and how many. */
  #lacks: Uint8Array = new Uint8Array(0)
  #missing = 0
  #heardAt: number
  #askedAt = 0
  #unreadBytes = 0
  #unreadAt = 0

  constructor(
    socket: Socket,
    protected readonly host: PeerHost,
    private readonly dialled: Dialled | null = null,
  ) {
    const infoHash = dialled?.torrent.hashes[0] ?? null
    super(socket, dialled && { encryptFor: dialled.isEncrypted ? infoHash : null })
    this.#heardAt = this.sentAt = host.monotonic()
    socket.setNoDelay(true)
    socket.on('data', () => {
      // A handshake that comes byte by byte has no more time
      if (this.content) this.#heardAt = host.monotonic()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.destroy()
      this.end()
      host.slots.leave(this)
      host.onClosed(this)
      if (this.torrent) this.torrent.peers--
    })
    if (dialled && infoHash !== null && !dialled.isEncrypted) {
      socket.once('connect', () => void this.#greet(infoHash, dialled.torrent))
    }
  }

  /** The address of the other end; empty if it is gone. */
  get address(): string {
    return unmappedAddress(this.socket.remoteAddress ?? '')
  }

  /** Identifies the client at the other end. */
  get client(): string {
    return clientKey(this.address)
  }

  /** When the peer last had asked for something that it had not got. */
  get busyAt(): number {
    const isBusy = this.waiting > 0 || this.socket.writableLength > 0
    return isBusy ? this.host.monotonic() : this.#askedAt
  }

  /** Ends the connection when what was sent has left. */
  leave(): void {
    if (this.content && !this.amChoking) this.sendChoke()
    this.socket.destroySoon()
  }

  /**
   * Leaves a peer that is silent or reads nothing, and shows others that this end is alive. Call it
   * every second.
   */
  look(now: number): void {
    this.readOn()
    const { writableLength } = this.socket
    if (this.#unreadBytes === 0 || writableLength < this.#unreadBytes) {
      this.#unreadBytes = writableLength
      this.#unreadAt = now
    }
    const limit = this.content ? SILENCE : HANDSHAKE
    const isStuck = this.#unreadBytes > 0 && now - this.#unreadAt > STANDSTILL
    if (isStuck || now - this.#heardAt > limit) {
      this.socket.destroy()
    } else if (this.content && now - this.sentAt > SIGN_OF_LIFE) {
      this.sentAt = now
      this.sendKeepAlive()
    }
    // Others may hold less memory now
    if (this.waiting > 0) this.goOn()
  }

  /** Offers the peer upload. */
  unchoke(): void {
    if (this.amChoking) this.sendUnchoke()
    this.pump()
  }

  /** Offers the peer no more upload than metadata. */
  choke(): void {
    if (!this.amChoking) this.sendChoke()
    this.dropBlocks()
    this.catchUp()
  }

  protected findEncrypted(digest: string): InfoHash | null {
    return this.host.findEncrypted(digest)
  }

  protected onEncrypted(): void {
    const torrent = this.dialled?.torrent
    const infoHash = torrent?.hashes[0]
    if (torrent && infoHash) void this.#greet(infoHash, torrent)
  }

  protected onRefused(): void {
    this.host.onRefused()
  }

  protected onFault(error: unknown): void {
    this.host.onFault(error)
  }

  protected onHandshake({ infoHash, peerId }: Handshake): void {
    const torrent = this.host.find(infoHash)
    const isOther = this.dialled !== null && this.dialled.torrent !== torrent
    if (!torrent || isOther || peerId === this.host.peerId || !this.host.admits(torrent, this)) {
      this.refuse()
      return
    }
    this.torrent = torrent
    torrent.peers++
    if (this.dialled) this.#introduce()
    else void this.#greet(infoHash, torrent)
  }

  /** Sends the handshake, as soon as the torrent has been read. */
  async #greet(infoHash: InfoHash, torrent: PeerTorrent): Promise<void> {
    try {
      const content = await this.host.load(torrent)
      if (this.socket.destroyed) return
      this.guard(() => {
        this.#begin(infoHash, content)
      })
    } catch (error) {
      this.destroy()
      this.host.fail(torrent, error)
    }
  }

  #begin(infoHash: InfoHash, content: SeededContent): void {
    this.content = content
    const { pieceCount, info } = content
    this.expectPieces(pieceCount)
    this.#lacks = fullBits(pieceCount)
    this.#missing = pieceCount
    this.#extras = 3 * Math.ceil(info.length / METADATA_PIECE) + Math.ceil(pieceCount / 64) + 100
    this.sendHandshake({ infoHash, peerId: this.host.peerId })
    if (this.torrent) this.#introduce()
  }

  /** Both ends have said who they are: says which pieces there are, all. */
  #introduce(): void {
    const content = this.content
    if (!content) return
    this.sendExtendedHandshake([
      ['metadata_size', content.info.length],
      ['p', this.host.port()],
      ['reqq', MOST_REQUESTS],
      ['upload_only', 1],
      ['v', Buffer.from(`btkit ${this.host.version}`)],
    ])
    const { pieceCount, metainfo } = content
    if (this.hasFast) {
      this.#fastPieces = allowedFast(this.address, this.torrent, pieceCount)
      this.#fastBytes = 2 * this.#fastPieces.length * metainfo.pieceLength
      this.sendHaveAll(this.#fastPieces)
    } else this.sendBitfield(fullBits(pieceCount))
    this.catchUp()
  }

  protected onInterest(isInterested: boolean): void {
    if (isInterested) this.host.slots.want(this)
    else {
      this.host.slots.leave(this)
      this.choke()
    }
  }

  protected onHave(piece: number): void {
    this.#gain(piece >>> 3, 0x80 >> (piece & 7))
    this.#leaveSeed()
  }

  protected onBitfield(bits: Uint8Array): void {
    bits.forEach((byte, at) => {
      this.#gain(at, byte)
    })
    this.#leaveSeed()
  }

  protected onHaveAll(): void {
    this.#missing = 0
    this.#leaveSeed()
  }

  /**
   * The peer has these pieces of a byte of a bitfield; a peer may repeat pieces, or name others.
   */
  #gain(at: number, bits: number): void {
    const lacks = this.#lacks[at] ?? 0
    this.#lacks[at] = lacks & ~bits
    for (let gained = lacks & bits; gained > 0; gained &= gained - 1) this.#missing--
  }

  /** Two seeds have nothing to say to each other. */
  #leaveSeed(): void {
    if (this.#missing === 0 && this.#lacks.length > 0) this.leave()
  }

  protected onRequest(block: Block): void {
    const { piece, offset, length } = block
    if (length > LONGEST_BLOCK || !this.content?.has(piece, offset, length)) {
      this.refuse()
      return
    }
    const isFast = this.hasFast && this.#fastPieces.includes(piece) && this.#fastBytes >= length
    if ((this.amChoking && !isFast) || this.waiting >= MOST_REQUESTS) {
      this.#countRefused()
      this.sendRejects([block])
      return
    }
    if (this.amChoking) this.#fastBytes -= length
    this.#hasFetchedFast = this.amChoking
    this.#askedAt = this.host.monotonic()
    this.ask(block)
  }

  /**
   * Whether messages must wait for the torrent to be read, or for blocks. A peer without the fast
   * extension cannot be told that a request was left out, and would wait for ever: rtorrent sends
   * thousands at once.
   */
  protected get isBehind(): boolean {
    if (this.torrent && !this.content) return true
    return !this.hasFast && !this.amChoking && this.waiting >= MOST_REQUESTS
  }

  protected onCancel(block: Block): void {
    if (this.forget(block)) this.sendRejects([block])
    else this.#countRefused()
  }

  protected onMetadata(message: Buffer): void {
    // A request is a short dictionary, whose keys are in order
    const text = message.toString('latin1', 0, 100)
    const [, piece] = /^d8:msg_typei0e5:piecei(\d{1,9})e/.exec(text) ?? []
    if (piece === undefined || !this.takesMetadata) return
    if (--this.#extras < 0) this.refuse()
    else {
      this.ask({ piece: Number(piece), offset: 0, length: null })
    }
  }

  protected onHashRequest(message: Buffer): void {
    if (!this.content || message.length !== HASH_REQUEST_LENGTH) return
    if (--this.#extras < 0 || this.socket.writableLength > UNREAD) {
      this.refuse()
      return
    }
    const content = this.content
    const isFull = this.host.held.bytes >= MOST_HELD_BY_ALL
    if (!content.hashes.isOfBlocks(message)) {
      this.#sendHashes(message, isFull ? null : content.hashes.answer(message))
      return
    }
    // They cost as much as a piece, which a peer without a slot may not fetch either
    const isAllowed = !isFull && (!this.amChoking || this.#hasFetchedFast)
    this.#hasFetchedFast = false
    const request = Buffer.from(message)
    this.#hashing = this.#hashing.then(async () => {
      const hashes = isAllowed ? await this.#hashBlocks(request, content) : null
      if (!this.socket.destroyed) this.#sendHashes(request, hashes)
    })
  }

  async #hashBlocks(request: Buffer, content: SeededContent): Promise<Uint8Array | null> {
    try {
      return this.socket.destroyed ? null : await content.answerBlocks(request)
    } catch (error) {
      const isBusy = error instanceof BtkitError && error.code === 'busy'
      if (!isBusy && !content.isClosed && this.torrent) this.host.fail(this.torrent, error)
      return null
    }
  }

  #sendHashes(request: Uint8Array, hashes: Uint8Array | null): void {
    this.hold(hashes?.length ?? 0)
    this.sendHashes(
      hashes ? HASHES : HASH_REJECT,
      Buffer.concat([request, hashes ?? new Uint8Array(0)]),
    )
  }

  /** Counts a request in vain. A peer that has too many in a row is left. */
  #countRefused(): void {
    if (++this.refused > MOST_REFUSED || this.socket.writableLength > 2 * UNREAD) this.refuse()
  }
}

/** A bitfield of all pieces. */
function fullBits(count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8)).fill(0xff)
  const over = bits.length * 8 - count
  if (bits.length > 0) bits[bits.length - 1] = (0xff << over) & 0xff
  return bits
}

/** The pieces that a peer at an address may fetch without a slot (BEP 6); IPv4 only. */
function allowedFast(address: string, torrent: PeerTorrent | null, pieceCount: number): number[] {
  const [, ipv4] = /^(?:::ffff:)?(\d+\.\d+\.\d+)\.\d+$/.exec(address) ?? []
  if (ipv4 === undefined || pieceCount === 0) return []
  const network = Buffer.from([...ipv4.split('.').map(Number), 0])
  let digest = Buffer.concat([network, Buffer.from(torrent?.hashes[0] ?? '', 'hex')])
  const pieces = new Set<number>()
  const most = Math.min(FAST_PIECES, pieceCount)
  while (pieces.size < most) {
    digest = createHash('sha1').update(digest).digest()
    for (let at = 0; at < 20 && pieces.size < most; at += 4) {
      pieces.add(digest.readUInt32BE(at) % pieceCount)
    }
  }
  return [...pieces]
}
