import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { takeTurn, type Throttle } from '../hash/jobs/job.js'
import type { Content } from './content.js'
import { HASH_REQUEST_LENGTH, HashAnswers } from './hash-answers.js'
import type { UploadSlots } from './upload-slots.js'
import { HASHES, HASH_REJECT, PeerWire } from './wire.js'

/** Bytes of a piece of metadata (BEP 9). */
const METADATA_PIECE = 16 * 1024

/** Longest block in bytes that a peer may ask for; all clients ask for 16 KiB. */
const LONGEST_BLOCK = 128 * 1024

/** Most requests of a peer that wait; the handshake names it. */
const MOST_REQUESTS = 500

/** Most requests in a row that are refused before a peer is left. */
const MOST_REFUSED = 2000

/** Bytes that a peer with a slot, or without one, may leave unread before it gets no more. */
const UNREAD = 256 * 1024
const UNREAD_CHOKED = 16 * 1024

/** Most chunks whose memory is held by what a peer has not read. */
const MOST_CHUNKS_HELD = 3

/** A block is copied if it is smaller, so that it holds no chunk. */
const COPIED = 8 * 1024

/** Pieces that a new peer may fetch before it gets a slot (BEP 6). */
const FAST_PIECES = 10

/** Milliseconds until a silent peer is left, and until it is sent a sign of life. */
const SILENCE = 180_000
const SIGN_OF_LIFE = 100_000

/** Milliseconds in which a handshake must arrive, and unread bytes must become fewer. */
const HANDSHAKE = 15_000
const STANDSTILL = 30_000

/** A torrent as peers see it. */
export interface PeerTorrent {
  /** In hexadecimal, 20 bytes each: by these, peers ask for it. */
  readonly hashes: readonly string[]
  /** The number of its peers. */
  peers: number
  /** Bytes that they got. */
  uploaded: number
}

/** The parts that all peers share. */
export interface PeerHost {
  readonly peerId: string
  /** Where this seeder listens. */
  readonly port: () => number
  readonly slots: UploadSlots
  /** Limits what all peers get; null for no limit. */
  readonly throttle: Throttle | null
  readonly monotonic: () => number
  /** Finds a torrent by an info hash, or by the digest of it that encrypted handshakes have. */
  readonly find: (infoHash: string) => PeerTorrent | null
  readonly findEncrypted: (digest: string) => string | null
  /** Resolves when the torrent has been read. */
  readonly load: (torrent: PeerTorrent) => Promise<Content>
  /** Something in the content is not what it was. */
  readonly fail: (torrent: PeerTorrent, error: unknown) => void
  /** Whether one more peer may take part in a torrent. */
  readonly admits: (torrent: PeerTorrent) => boolean
  readonly version: string
  /** A peer's handshake was refused, or the peer was left for what it did. */
  readonly onRefused: () => void
  readonly onClosed: (peer: Peer) => void
}

/** A message that waits until it can be sent: a block, or a piece of metadata. */
interface Request {
  readonly piece: number
  readonly offset: number
  /** Null for metadata. */
  readonly length: number | null
}

/** How a connection began. */
export interface Dialled {
  readonly torrent: PeerTorrent
  readonly isEncrypted: boolean
}

/** One connection, from its handshake to its end. It only uploads. */
export class Peer extends PeerWire {
  /** The torrent that the other end has named in its handshake; null before that. */
  torrent: PeerTorrent | null = null
  #content: Content | null = null
  #hashes: HashAnswers | null = null
  #requests: Request[] = []
  /** Whether the first request waits for a disk, or for its turn at a limited rate. */
  #isWaiting = false
  #hasTurn = false
  #chunksHeld = 0
  #lastChunk: ArrayBufferLike | null = null
  #refused = 0
  /** Bytes that may leave before the peer has a slot. */
  #fastBytes = 0
  /** Answers to requests for metadata and hashes that the peer may still get. */
  #extras = 0
  /** Pieces that the peer has. */
  #pieces = 0
  #heardAt: number
  #sentAt: number
  #unread = { bytes: 0, at: 0 }

  constructor(
    socket: Socket,
    private readonly host: PeerHost,
    private readonly dialled: Dialled | null = null,
  ) {
    super(socket, dialled ? 'tcpOutgoing' : 'tcpIncoming', dialled && !dialled.isEncrypted ? 0 : 1)
    this.#heardAt = this.#sentAt = host.monotonic()
    socket.setNoDelay(true)
    socket.on('data', () => {
      // A handshake that comes byte by byte has no more time
      if (this.#content) this.#heardAt = host.monotonic()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.destroy()
      host.slots.leave(this)
      host.onClosed(this)
      if (this.torrent) this.torrent.peers--
    })
    if (dialled) this.#dial(dialled)
  }

  /** Ends the connection when what was sent has left. */
  leave(): void {
    if (this.#content) super.choke()
    this.socket.destroySoon()
  }

  /** Leaves a peer that is silent or reads nothing, and shows others that this end is alive. */
  look(now: number): void {
    const { writableLength } = this.socket
    if (this.#unread.bytes === 0 || writableLength < this.#unread.bytes)
      this.#unread = { bytes: writableLength, at: now }
    const limit = this.#content ? SILENCE : HANDSHAKE
    const isStuck = this.#unread.bytes > 0 && now - this.#unread.at > STANDSTILL
    if (isStuck || now - this.#heardAt > limit) {
      this.socket.destroy()
    } else if (this.#content && now - this.#sentAt > SIGN_OF_LIFE) {
      this.#sentAt = now
      this.keepAlive()
    }
  }

  override unchoke(): void {
    super.unchoke()
    this.#pump()
  }

  override choke(): void {
    super.choke()
    const wants = this.#requests
    this.#requests = wants.filter(({ length }) => length === null)
    for (const { piece, offset, length } of wants) {
      if (length !== null && this.hasFast) this.reject(piece, offset, length)
    }
  }

  #dial({ torrent, isEncrypted }: Dialled): void {
    const [infoHash = ''] = torrent.hashes
    this.socket.once('connect', () => {
      if (!isEncrypted) {
        void this.#greet(infoHash, torrent)
        return
      }
      this.once('crypto-handshake', () => void this.#greet(infoHash, torrent))
      this.startEncryption(infoHash)
    })
  }

  protected findEncrypted(digest: string): string | null {
    const infoHash = this.host.findEncrypted(digest)
    if (infoHash === null) this.host.onRefused()
    return infoHash
  }

  protected override _onHandshake(
    ...[hash, id, offered]: Parameters<PeerWire['_onHandshake']>
  ): void {
    super._onHandshake(hash, id, offered)
    const [infoHash, peerId] = [Buffer.from(hash).toString('hex'), Buffer.from(id).toString('hex')]
    const torrent = this.host.find(infoHash)
    const isOther = this.dialled !== null && this.dialled.torrent !== torrent
    if (!torrent || isOther || peerId === this.host.peerId || !this.host.admits(torrent)) {
      this.host.onRefused()
      this.socket.destroy()
      return
    }
    this.torrent = torrent
    torrent.peers++
    if (!this.dialled) void this.#greet(infoHash, torrent)
    else this.#introduce()
  }

  /** Sends the handshake, as soon as the torrent has been read. */
  async #greet(infoHash: string, torrent: PeerTorrent): Promise<void> {
    let content: Content
    try {
      content = await this.host.load(torrent)
    } catch (error) {
      this.host.fail(torrent, error)
      this.socket.destroy()
      return
    }
    if (this.socket.destroyed) return
    this.#content = content
    const { pieceCount, info } = content
    this.expectPieces(pieceCount)
    this.#extras = 3 * Math.ceil(info.length / METADATA_PIECE) + Math.ceil(pieceCount / 64) + 100
    this.extendedHandshake = {
      metadata_size: info.length,
      reqq: MOST_REQUESTS,
      upload_only: 1,
      v: `btkit ${this.host.version}`,
      p: this.host.port(),
    }
    this.handshake(infoHash, this.host.peerId, { fast: true })
    if (!this.dialled) this.#introduce()
    if (this.peerInterested) this.host.slots.want(this)
    this.#pump()
  }

  /** Says which pieces there are: all. */
  #introduce(): void {
    const content = this.#content
    if (!content) return
    if (!this.hasFast) {
      const bits = new Uint8Array(Math.ceil(content.pieceCount / 8)).fill(0xff)
      const over = bits.length * 8 - content.pieceCount
      if (bits.length > 0) bits[bits.length - 1] = (0xff << over) & 0xff
      this.bitfield(bits)
      return
    }
    this.haveAll()
    const allowed = allowedFast(this.socket.remoteAddress ?? '', this.torrent, content.pieceCount)
    for (const piece of allowed) this.allowedFast(piece)
    this.#fastBytes = 2 * allowed.length * content.metainfo.pieceLength
  }

  protected override _onInterested(): void {
    this.peerInterested = true
    if (this.#content) this.host.slots.want(this)
  }

  protected override _onUninterested(): void {
    this.peerInterested = false
    this.host.slots.leave(this)
    this.choke()
  }

  protected override _onHave(): void {
    this.#pieces++
    this.#leaveSeed()
  }

  protected override _onBitField(bits: Uint8Array): void {
    this.#pieces = countBits(bits)
    this.#leaveSeed()
  }

  protected override _onHaveAll(): void {
    this.#pieces = Infinity
    this.#leaveSeed()
  }

  /** Two seeds have nothing to say to each other. */
  #leaveSeed(): void {
    if (this.#content && this.#pieces >= this.#content.pieceCount) this.leave()
  }

  protected override _onRequest(piece: number, offset: number, length: number): void {
    const content = this.#content
    if (!content?.has(piece, offset, length) || length > LONGEST_BLOCK) {
      this.#drop()
      return
    }
    const isFast = this.allowedFastSet.includes(piece) && this.#fastBytes >= length
    const isAllowed = !this.amChoking || (this.hasFast && isFast)
    if (!isAllowed || this.#requests.length >= MOST_REQUESTS) {
      if (this.#mayGoOn() && this.hasFast) this.reject(piece, offset, length)
      return
    }
    if (this.amChoking) this.#fastBytes -= length
    this.#requests.push({ piece, offset, length })
    this.#pump()
  }

  protected override _onCancel(piece: number, offset: number, length: number): void {
    const at = this.#requests.findIndex((each) => {
      return each.piece === piece && each.offset === offset && each.length === length
    })
    if (at < 0) this.#mayGoOn()
    else {
      this.#requests.splice(at, 1)
      if (this.hasFast) this.reject(piece, offset, length)
    }
  }

  protected onMetadata(message: Uint8Array): void {
    // A request is a short dictionary, whose keys are in order
    const text = Buffer.from(message.subarray(0, 100)).toString('latin1')
    const [, piece] = /^d8:msg_typei0e5:piecei(\d{1,9})e/.exec(text) ?? []
    if (piece === undefined || this.peerExtendedMapping['ut_metadata'] === undefined) return
    if (--this.#extras < 0) this.#drop()
    else {
      this.#requests.push({ piece: Number(piece), offset: 0, length: null })
      this.#pump()
    }
  }

  protected onHashRequest(message: Uint8Array): void {
    if (!this.#content || message.length !== HASH_REQUEST_LENGTH) return
    if (--this.#extras < 0 || this.socket.writableLength > UNREAD) {
      this.#drop()
      return
    }
    this.#hashes ??= new HashAnswers(this.#content.metainfo)
    const hashes = this.#hashes.answer(message)
    this.sendHashes(
      hashes ? HASHES : HASH_REJECT,
      Buffer.concat([message, hashes ?? new Uint8Array(0)]),
    )
  }

  protected onSent(): void {
    this.#chunksHeld = 0
    this.#pump()
  }

  /** Counts a refused request. Returns false for a peer that has too many, which is left. */
  #mayGoOn(): boolean {
    const isFlood = ++this.#refused > MOST_REFUSED || this.socket.writableLength > 2 * UNREAD
    if (isFlood) this.#drop()
    return !isFlood
  }

  #drop(): void {
    this.host.onRefused()
    this.socket.destroy()
  }

  /** Sends what was asked for, as far as the peer reads it. */
  #pump(): void {
    const content = this.#content
    if (!content || this.#isWaiting || this.#requests.length === 0) return
    this.socket.cork()
    let sent = 0
    for (const request of this.#requests) {
      const unread = this.amChoking ? UNREAD_CHOKED : UNREAD
      if (this.socket.writableLength >= unread || this.#chunksHeld >= MOST_CHUNKS_HELD) break
      if (this.socket.destroyed || !this.#send(request, content)) break
      sent++
    }
    this.#requests.splice(0, sent)
    if (sent > 0) this.#sentAt = this.host.monotonic()
    this.socket.uncork()
  }

  /** Sends one answer; returns false if it must wait. */
  #send({ piece, offset, length }: Request, content: Content): boolean {
    if (length === null) {
      this.#sendMetadata(piece, content.info)
      return true
    }
    const bytes = content.peek(piece, offset, length)
    if (!bytes) {
      this.#load({ piece, offset, length }, content)
      return false
    }
    if (!this.#takeTurn(length)) return false
    this.piece(piece, offset, this.#held(bytes))
    this.#refused = 0
    if (this.torrent) this.torrent.uploaded += length
    return true
  }

  /** Whether bytes may leave now; otherwise they are sent in their turn. */
  #takeTurn(length: number): boolean {
    const { throttle } = this.host
    const wait = throttle && !this.#hasTurn ? takeTurn(throttle, length) : 0
    this.#hasTurn = wait > 0
    if (wait <= 0) return true
    this.#isWaiting = true
    setTimeout(() => {
      this.#isWaiting = false
      this.#pump()
    }, wait)
    return false
  }

  /** Returns bytes to send. Unread bytes must not hold many chunks, each by a small part. */
  #held(bytes: Uint8Array): Uint8Array {
    if (bytes.length < COPIED) return Uint8Array.from(bytes)
    if (bytes.buffer !== this.#lastChunk) this.#chunksHeld++
    this.#lastChunk = bytes.buffer
    return bytes
  }

  #sendMetadata(piece: number, info: Uint8Array): void {
    const start = piece * METADATA_PIECE
    const head =
      start >= info.length
        ? `d8:msg_typei2e5:piecei${piece}ee`
        : `d8:msg_typei1e5:piecei${piece}e10:total_sizei${info.length}ee`
    const bytes = info.subarray(start, start + METADATA_PIECE)
    this.extended('ut_metadata', Buffer.concat([Buffer.from(head), bytes]))
  }

  #load({ piece, offset, length }: Request & { readonly length: number }, content: Content): void {
    this.#isWaiting = true
    content.load(piece, offset, length).then(
      () => {
        this.#isWaiting = false
        this.#pump()
      },
      (error: unknown) => {
        if (this.torrent) this.host.fail(this.torrent, error)
      },
    )
  }
}

function countBits(bits: Uint8Array): number {
  let count = 0
  for (let byte of bits) for (; byte > 0; byte &= byte - 1) count++
  return count
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
