import type { Socket } from 'node:net'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import type { BencodeValue } from '../../metainfo/bencode/value.js'
import { infoHashOfBytes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import { valueOr } from '../../base/errors.js'
import { Arrived, type Protocol } from './arrived.js'
import { BufferPool } from '../../base/buffer-pool.js'
import { acceptEncryption, beginEncryption, type Agreed, type Cipher } from './encryption.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** Longest message in bytes that a peer needs to send to a seed, except a bitfield. */
const LONGEST = 64 * 1024

/** Most extended handshakes of a peer; each is decoded. */
const MOST_HANDSHAKES = 10

/** Limits of an extended handshake. */
const LIMITS = { maxSize: LONGEST, maxDepth: 10, maxValues: 1000 }

/** Most messages that a peer may leave unread: each takes memory beside its bytes. */
const MOST_UNREAD = 1000

/**
 * Bytes of a peer that are read in a second. A leecher sends little but requests, of 17 bytes each;
 * the blocks that it gets allow it one byte more for each `BYTES_FOR_ONE`.
 */
const MOST_RECEIVED = 64 * 1024
const BYTES_FOR_ONE = 512

/** The beginning of a handshake (BEP 3). */
const GREETING = Buffer.from('\x13BitTorrent protocol', 'latin1')

/** Bytes of a handshake behind its beginning: what it offers, info hash, and peer id. */
const OFFERED = 8

/** The bits of the fast extension (BEP 6), and of extended messages (BEP 10), with their bytes. */
const FAST = [7, 0x04] as const
const EXTENDED = [5, 0x10] as const

/** Ids of messages. */
const CHOKE = 0
const UNCHOKE = 1
const INTERESTED = 2
const NOT_INTERESTED = 3
const HAVE = 4
const BITFIELD = 5
const REQUEST = 6
const PIECE = 7
const CANCEL = 8
const HAVE_ALL = 14
const REJECT = 16
const ALLOWED_FAST = 17
const EXTENDED_MESSAGE = 20
const HASH_REQUEST = 21
export const HASHES = 22
export const HASH_REJECT = 23

/** The extended message that this end takes, and its id. */
const METADATA = 'ut_metadata'
const METADATA_ID = 1

/** A range of bytes in a piece. */
export interface Block {
  readonly piece: number
  readonly offset: number
  readonly length: number
}

/** The names of an end and of the torrent that it wants. */
export interface Handshake {
  readonly infoHash: InfoHash
  /** In hexadecimal. */
  readonly peerId: string
}

/** How to call the other end. */
export interface Calling {
  /** The torrent for which a connection is encrypted; null for one that is plain. */
  readonly encryptFor: InfoHash | null
}

/**
 * Memory for what is encrypted, until the system has it: new memory for each block keeps the
 * garbage collector busy.
 */
const pool = new BufferPool()
/** Fewest bytes whose memory is from there. */
const POOLED = 4096

/**
 * The messages of one peer (BEP 3, 6, 10 and 52), as far as an end needs them that only uploads.
 * Here bytes of strangers are decoded: numbers may have any value, all else has been checked.
 */
export abstract class PeerWire {
  /** Whether both ends have the fast extension. */
  protected hasFast = false
  protected amChoking = true
  readonly #arrived = new Arrived()
  /** Null after its end. */
  #protocol: Protocol | null
  #needed = 0
  #encrypt: Cipher | null = null
  #decrypt: Cipher | null = null
  #isExtended = false
  /** The peer's id for messages of metadata; null if it takes none. */
  #metadataId: number | null = null
  #handshakes = 0
  /** Most bytes of the next message. */
  #longest = LONGEST
  #unread = 0
  /** Bytes that came in this second, without what blocks allow. */
  #received = 0
  #isHeld = false
  #isReading = false

  /** `calling` is null if the other end calls. */
  constructor(
    protected readonly socket: Socket,
    calling: Calling | null,
  ) {
    const encryptFor = calling?.encryptFor ?? null
    this.#protocol = encryptFor === null ? this.#readAll(calling !== null) : this.#call(encryptFor)
    const begin = () => {
      this.guard(() => {
        this.#advance(this.#protocol?.next())
      })
    }
    if (encryptFor === null) begin()
    else socket.once('connect', begin)
    socket.on('data', (bytes: Buffer) => {
      this.guard(() => {
        this.#receive(bytes)
      })
    })
  }

  /** The peer encrypts. Returns the info hash whose digest with `req2` that is; null if unknown. */
  protected abstract findEncrypted(digest: string): InfoHash | null
  /** The other end that was called encrypts. */
  protected abstract onEncrypted(): void
  protected abstract onHandshake(handshake: Handshake): void
  protected abstract onInterest(isInterested: boolean): void
  protected abstract onHave(piece: number): void
  protected abstract onBitfield(bits: Uint8Array): void
  protected abstract onHaveAll(): void
  protected abstract onRequest(block: Block): void
  protected abstract onCancel(block: Block): void
  protected abstract onMetadata(message: Buffer): void
  protected abstract onHashRequest(message: Buffer): void
  /** Whether the next message must wait until others are answered. */
  protected abstract get isBehind(): boolean
  /** All that was sent has left. */
  protected abstract onSent(): void
  /** The peer did what it must not do; its connection has ended. */
  protected abstract onRefused(): void
  /** An error that nothing here expects; the connection has ended. */
  protected abstract onFault(error: unknown): void

  /** Ends the connection at once. */
  destroy(): void {
    this.#protocol = null
    this.socket.destroy()
  }

  /** Ends the connection of a peer that does what it must not do. */
  protected refuse(): void {
    if (this.socket.destroyed) return
    this.destroy()
    this.onRefused()
  }

  /** Does some work for this peer. An error in it ends this connection, and nothing else. */
  protected guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.destroy()
      this.onFault(error)
    }
  }

  /** Allows a bitfield of that many pieces. */
  protected expectPieces(count: number): void {
    this.#longest = Math.max(LONGEST, Math.ceil(count / 8) + 1)
  }

  /** Reads on of a peer that has sent too much. Call it every second. */
  protected readOn(): void {
    this.#received = 0
    this.#isHeld = false
    this.catchUp()
  }

  /** Reads what has come, unless the next message must wait. Call it when it need not any more. */
  protected catchUp(): void {
    if (this.#isReading) return
    this.#isReading = true
    while (this.#protocol && !this.socket.writableEnded && !this.isBehind) {
      const part = this.#arrived.take(this.#needed)
      if (!part) break
      this.#advance(this.#protocol.next(part))
    }
    this.#isReading = false
    if (this.#isHeld || this.isBehind) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  /** The number of messages that the peer has not read yet; 0 if none is waiting to leave. */
  protected get unreadMessages(): number {
    return this.#unread
  }

  /** Whether the peer takes metadata. */
  protected get takesMetadata(): boolean {
    return this.#metadataId !== null
  }

  protected sendHandshake({ infoHash, peerId }: Handshake): void {
    const offered = Buffer.alloc(OFFERED)
    for (const [at, bit] of [FAST, EXTENDED]) offered[at] = bit
    this.#send(Buffer.concat([GREETING, offered, Buffer.from(infoHash + peerId, 'hex')]))
  }

  /** Sends the handshake of BEP 10, if the peer has extended messages. */
  protected sendExtendedHandshake(values: readonly (readonly [string, BencodeValue])[]): void {
    if (!this.#isExtended) return
    const known = new Map([[METADATA, METADATA_ID]])
    const bytes = encodeBencode(new Map<string, BencodeValue>([['m', known], ...values]))
    this.#sendMessage(EXTENDED_MESSAGE, Buffer.concat([Buffer.from([0]), bytes]))
  }

  protected sendMetadata(bytes: Uint8Array): void {
    const id = Buffer.from([this.#metadataId ?? 0])
    this.#sendMessage(EXTENDED_MESSAGE, Buffer.concat([id, bytes]))
  }

  protected sendKeepAlive(): void {
    this.#send(Buffer.alloc(4))
  }

  protected sendChoke(): void {
    this.amChoking = true
    this.#sendMessage(CHOKE)
  }

  protected sendUnchoke(): void {
    this.amChoking = false
    this.#sendMessage(UNCHOKE)
  }

  protected sendBitfield(bits: Uint8Array): void {
    this.#sendMessage(BITFIELD, bits)
  }

  /** Says that all pieces are there, and which ones a choked peer may ask for (BEP 6). */
  protected sendHaveAll(allowed: readonly number[]): void {
    const messages = allowed.map((piece) => messageOf(ALLOWED_FAST, numbers(piece)))
    this.#send(Buffer.concat([messageOf(HAVE_ALL), ...messages]))
  }

  /** Refuses requests, if the peer has the fast extension. */
  protected sendRejects(blocks: readonly Block[]): void {
    if (!this.hasFast || blocks.length === 0) return
    const messages = blocks.map(({ piece, offset, length }) => {
      return messageOf(REJECT, numbers(piece, offset, length))
    })
    this.#send(Buffer.concat(messages))
  }

  protected sendPiece(piece: number, offset: number, bytes: Uint8Array): void {
    const head = Buffer.allocUnsafe(13)
    head.writeUInt32BE(9 + bytes.length, 0)
    head[4] = PIECE
    head.writeUInt32BE(piece, 5)
    head.writeUInt32BE(offset, 9)
    this.#received -= bytes.length / BYTES_FOR_ONE
    this.#send(head)
    this.#send(bytes)
  }

  /** Sends an answer of BEP 52. */
  protected sendHashes(id: typeof HASHES | typeof HASH_REJECT, bytes: Uint8Array): void {
    this.#sendMessage(id, bytes)
  }

  #sendMessage(id: number, bytes?: Uint8Array): void {
    this.#send(messageOf(id, bytes))
  }

  #send(bytes: Uint8Array): void {
    if (this.socket.destroyed || this.socket.writableEnded) return
    if (++this.#unread > MOST_UNREAD) {
      this.refuse()
      return
    }
    if (!this.#encrypt || bytes.length < POOLED) {
      this.socket.write(this.#encrypt?.(bytes) ?? bytes, this.#onWritten)
      return
    }
    const room = pool.take(bytes.length)
    this.socket.write(this.#encrypt(bytes, room), () => {
      pool.give(room)
      this.#onWritten()
    })
  }

  // The socket's `drain` comes only if more waited than its high-water mark, which differs by Node
  readonly #onWritten = (): void => {
    if (this.socket.writableLength > 0) return
    this.#unread = 0
    if (this.#protocol) {
      this.guard(() => {
        this.onSent()
      })
    }
  }

  #receive(bytes: Buffer): void {
    this.#received += bytes.length
    if (this.#received > MOST_RECEIVED) this.#isHeld = true
    this.#arrived.push(this.#decrypt ? this.#decrypt(bytes) : bytes)
    this.catchUp()
    this.#arrived.settle()
  }

  #advance(step: IteratorResult<number, void> | undefined): void {
    if (step?.done === false) this.#needed = step.value
    else if (step && this.#protocol) this.refuse()
  }

  /** Begins an encrypted connection, and reads all of it. */
  *#call(infoHash: InfoHash): Protocol {
    const agreed = yield* beginEncryption(infoHash, (bytes) => {
      this.#send(bytes)
    })
    if (!agreed) return
    this.#use(agreed)
    this.onEncrypted()
    yield* this.#readAll(true)
  }

  /** Reads all that the other end sends; only one that calls may encrypt. */
  *#readAll(isCalled: boolean): Protocol {
    let greeting = yield GREETING.length
    if (!greeting.equals(GREETING) && !isCalled) {
      const agreed = yield* this.#accept(greeting)
      if (!agreed) return
      this.#use(agreed)
      greeting = yield GREETING.length
    }
    if (!greeting.equals(GREETING)) return
    this.#readHandshake(yield OFFERED + 2 * SHA1)
    for (;;) {
      const length = (yield 4).readUInt32BE(0)
      if (length > this.#longest) return
      if (length > 0 && !this.#readMessage(yield length)) return
    }
  }

  #accept(first: Buffer): Protocol<Agreed | null> {
    const send = (bytes: Uint8Array) => {
      this.#send(bytes)
    }
    return acceptEncryption(first, send, (digest) => this.findEncrypted(digest))
  }

  #use({ encrypt, decrypt, initial }: Agreed): void {
    this.#encrypt = encrypt
    this.#decrypt = decrypt
    const rest = this.#arrived.takeAll()
    this.#arrived.push(Buffer.concat([initial, decrypt ? decrypt(rest) : rest]))
  }

  #readHandshake(bytes: Buffer): void {
    const offers = ([at, bit]: readonly [number, number]) => ((bytes[at] ?? 0) & bit) > 0
    this.hasFast = offers(FAST)
    this.#isExtended = offers(EXTENDED)
    const infoHash = infoHashOfBytes(bytes.subarray(OFFERED, OFFERED + SHA1))
    this.onHandshake({ infoHash, peerId: bytes.toString('hex', OFFERED + SHA1) })
  }

  /** Reads a message. Returns false for one that no honest peer sends to a seed. */
  #readMessage(message: Buffer): boolean {
    const [id, body] = [message[0], message.subarray(1)]
    switch (id) {
      case INTERESTED:
      case NOT_INTERESTED:
        this.onInterest(id === INTERESTED)
        return true
      case HAVE:
        if (body.length !== 4) return false
        this.onHave(body.readUInt32BE())
        return true
      case BITFIELD:
        this.onBitfield(body)
        return true
      case HAVE_ALL:
        if (this.hasFast) this.onHaveAll()
        return this.hasFast
      case REQUEST:
      case CANCEL:
        return this.#readRequest(id, body)
      case PIECE:
        // Nobody asked for it
        return false
      case EXTENDED_MESSAGE:
        return this.#readExtended(body)
      case HASH_REQUEST:
        this.onHashRequest(body)
        return true
      default:
        // It concerns ends that download, or an extension that is unknown here
        return true
    }
  }

  #readRequest(id: typeof REQUEST | typeof CANCEL, body: Buffer): boolean {
    if (body.length !== 12) return false
    const [piece = 0, offset = 0, length = 0] = [0, 4, 8].map((at) => body.readUInt32BE(at))
    if (id === REQUEST) this.onRequest({ piece, offset, length })
    else this.onCancel({ piece, offset, length })
    return true
  }

  #readExtended(body: Buffer): boolean {
    const bytes = body.subarray(1)
    if (body[0] === METADATA_ID) this.onMetadata(bytes)
    if (body[0] !== 0) return true
    // One that is not bencode says nothing: some clients of old sent such
    const value = valueOr(null, () => readBencode(bytes, LIMITS).value)
    const known = value instanceof Map ? value.get('m') : undefined
    const id = known instanceof Map ? known.get(METADATA) : undefined
    // 0 means that the peer takes it no more
    if (typeof id === 'number') this.#metadataId = id > 0 && id < 256 ? id : null
    return ++this.#handshakes <= MOST_HANDSHAKES
  }
}

const EMPTY = Buffer.alloc(0)

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length)
  values.forEach((value, n) => bytes.writeUInt32BE(value, 4 * n))
  return bytes
}

function messageOf(id: number, bytes: Uint8Array = EMPTY): Buffer {
  const head = Buffer.allocUnsafe(5)
  head.writeUInt32BE(1 + bytes.length)
  head[4] = id
  return Buffer.concat([head, bytes])
}
