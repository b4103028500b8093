import { createHash } from 'node:crypto'
import { clientKey } from '../../server/connections/client-address.js'
import {
  Answers,
  type AnswersHost,
  METADATA_PIECE,
  MOST_HELD_BY_ALL,
  type Served,
  UNREAD,
} from './answers.js'
import { HASH_REQUEST_LENGTH } from './hash-answers.js'
import type { Downloader } from './upload-slots.js'
import type { Block, Listener, PeerWire } from './wire.js'

/** Longest block in bytes that a peer may ask for; all clients ask for 16 KiB. */
const LONGEST_BLOCK = 128 * 1024

/** Most requests of a peer that wait; the handshake names it. */
const MOST_REQUESTS = 500

/** Most requests in a row that are refused before a peer is left. */
const MOST_REFUSED = 2000

/** Pieces that a new peer may fetch before it gets a slot (BEP 6). */
const FAST_PIECES = 10

/** The parts that all uploads share. */
export interface UploadHost extends AnswersHost {
  /** The port at which the machine at an address reaches this seeder. */
  readonly portFor: (address: string) => number
  readonly version: string
  readonly monotonic: () => number
}

/** The upload of a torrent to one peer: what the peer lacks, wants, and may get. */
export class Upload implements Downloader, Listener {
  readonly client: string
  readonly #answers: Answers
  /** Pieces that the peer may fetch before it has a slot, and bytes of them. */
  #fastPieces: readonly number[] = []
  #fastBytes = 0
  /** Whether the last block was one that it may fetch before it has a slot. */
  #hasFetchedFast = false
  /** Ends when the last request for hashes of blocks is answered. */
  #hashing = Promise.resolve()
  /** Answers to requests for metadata and hashes that the peer may still get. */
  #extras: number
  /** The pieces that the peer lacks, a bit each, and how many. */
  readonly #lacks: Uint8Array
  #missing: number
  #askedAt = 0

  constructor(
    private readonly wire: PeerWire,
    private readonly host: UploadHost,
    private readonly served: Served,
  ) {
    const { info, pieceCount } = served.content
    this.client = clientKey(wire.address)
    this.#answers = new Answers(wire, host, served)
    this.#lacks = fullBits(pieceCount)
    this.#missing = pieceCount
    this.#extras = 3 * Math.ceil(info.length / METADATA_PIECE) + Math.ceil(pieceCount / 64) + 100
  }

  /** Both ends have said who they are: says which pieces there are, all. */
  begin(): void {
    const { host, wire } = this
    const { content, torrent } = this.served
    const { info, metainfo, pieceCount } = content
    wire.sendExtendedHandshake([
      ['metadata_size', info.length],
      ['p', host.portFor(wire.address)],
      ['reqq', MOST_REQUESTS],
      ['upload_only', 1],
      ['v', Buffer.from(`btkit ${host.version}`)],
    ])
    if (wire.hasFast) {
      this.#fastPieces = allowedFast(wire.address, torrent.hashes[0], pieceCount)
      this.#fastBytes = 2 * this.#fastPieces.length * metainfo.pieceLength
      wire.sendHaveAll(this.#fastPieces)
    } else wire.sendBitfield(fullBits(pieceCount))
    wire.listen(this, pieceCount)
  }

  /** Sends what waits for memory: others may hold less now. Call it every second. */
  look(): void {
    this.#answers.goOn()
  }

  /** The connection has ended. */
  end(): void {
    this.#answers.end()
    this.host.slots.leave(this)
  }

  /** When the peer last had asked for something that it had not got. */
  get busyAt(): number {
    const isBusy = this.#answers.waiting > 0 || this.wire.socket.writableLength > 0
    return isBusy ? this.host.monotonic() : this.#askedAt
  }

  /** Offers the peer upload. */
  unchoke(): void {
    this.wire.sendChoke(false)
    this.#answers.pump()
  }

  /** Offers the peer no more upload than metadata. */
  choke(): void {
    this.wire.sendChoke(true)
    this.#answers.dropBlocks()
    this.wire.catchUp()
  }

  onSent(): void {
    this.#answers.onSent()
  }

  onInterest(isInterested: boolean): void {
    if (isInterested) this.host.slots.want(this)
    else {
      this.host.slots.leave(this)
      this.choke()
    }
  }

  onHave(piece: number): void {
    this.#gain(piece >>> 3, 0x80 >> (piece & 7))
  }

  onBitfield(bits: Uint8Array): void {
    bits.forEach((byte, at) => {
      this.#gain(at, byte)
    })
  }

  onHaveAll(): void {
    if (this.#missing > 0) this.wire.leave()
  }

  /**
   * The peer has these pieces of a byte of a bitfield; a peer may repeat pieces, or name others.
   * Two seeds have nothing to say to each other.
   */
  #gain(at: number, bits: number): void {
    const lacks = this.#lacks[at] ?? 0
    this.#lacks[at] = lacks & ~bits
    for (let gained = lacks & bits; gained > 0; gained &= gained - 1)
      if (--this.#missing === 0) this.wire.leave()
  }

  onRequest(block: Block): void {
    const { wire } = this
    const { piece, offset, length } = block
    if (length > LONGEST_BLOCK || !this.served.content.has(piece, offset, length)) {
      wire.refuse()
      return
    }
    const isFast = wire.hasFast && this.#fastPieces.includes(piece) && this.#fastBytes >= length
    if ((wire.amChoking && !isFast) || this.#answers.waiting >= MOST_REQUESTS) {
      this.#countRefused()
      wire.sendRejects([block])
      return
    }
    if (wire.amChoking) this.#fastBytes -= length
    this.#hasFetchedFast = wire.amChoking
    this.#askedAt = this.host.monotonic()
    this.#answers.ask(block)
  }

  /**
   * Whether messages must wait for blocks. A peer without the fast extension cannot be told that a
   * request was left out, and would wait for ever: rtorrent sends thousands at once.
   */
  get isBehind(): boolean {
    const { amChoking, hasFast } = this.wire
    return !hasFast && !amChoking && this.#answers.waiting >= MOST_REQUESTS
  }

  onCancel(block: Block): void {
    if (this.#answers.forget(block)) this.wire.sendRejects([block])
    else this.#countRefused()
  }

  onMetadata(message: Buffer): void {
    // A request is a short dictionary, whose keys are in order
    const text = message.toString('latin1', 0, 100)
    const [, piece] = /^d8:msg_typei0e5:piecei(\d{1,9})e/.exec(text) ?? []
    if (piece === undefined || !this.wire.takesMetadata) return
    if (--this.#extras < 0) this.wire.refuse()
    else {
      this.#answers.ask({ piece: Number(piece), offset: 0, length: null })
    }
  }

  onHashRequest(message: Buffer): void {
    const { wire } = this
    const { content } = this.served
    if (message.length !== HASH_REQUEST_LENGTH) return
    if (--this.#extras < 0 || wire.socket.writableLength > UNREAD) {
      wire.refuse()
      return
    }
    const isFull = this.host.held.bytes >= MOST_HELD_BY_ALL
    if (!content.hashes.isOfBlocks(message)) {
      this.#sendHashes(message, isFull ? null : content.hashes.answer(message))
      return
    }
    // They cost as much as a piece, which a peer without a slot may not fetch either
    const isAllowed = !isFull && (!wire.amChoking || this.#hasFetchedFast)
    this.#hasFetchedFast = false
    const request = Buffer.from(message)
    this.#hashing = this.#hashing.then(async () => {
      const hashes = isAllowed ? await this.#hashBlocks(request) : null
      if (!wire.socket.destroyed) this.#sendHashes(request, hashes)
    })
  }

  async #hashBlocks(request: Buffer): Promise<Uint8Array | null> {
    const { content, torrent } = this.served
    try {
      return this.wire.socket.destroyed ? null : await content.answerBlocks(request)
    } catch (error) {
      if (!content.isClosed) this.host.fail(torrent, error)
      return null
    }
  }

  #sendHashes(request: Uint8Array, hashes: Uint8Array | null): void {
    this.#answers.hold(hashes?.length ?? 0)
    this.wire.sendHashes(request, hashes)
  }

  /** Counts a request in vain. A peer that has too many in a row is left. */
  #countRefused(): void {
    const { socket } = this.wire
    if (++this.#answers.refused > MOST_REFUSED || socket.writableLength > 2 * UNREAD)
      this.wire.refuse()
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
function allowedFast(address: string, infoHash: string | undefined, pieceCount: number): number[] {
  const [, ipv4] = /^(?:::ffff:)?(\d+\.\d+\.\d+)\.\d+$/.exec(address) ?? []
  if (ipv4 === undefined || pieceCount === 0) return []
  const network = Buffer.from([...ipv4.split('.').map(Number), 0])
  let digest = Buffer.concat([network, Buffer.from(infoHash ?? '', 'hex')])
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
