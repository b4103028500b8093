import type { Socket } from 'node:net'
import { encodeBencode } from '../../metainfo/bencode/encode.js'
import { readBencode } from '../../metainfo/bencode/read.js'
import type { BencodeValue } from '../../metainfo/bencode/value.js'
import { infoHashOfBytes } from '../../metainfo/info-hash.js'
import type { InfoHash } from '../../metainfo/values.js'
import { valueOr } from '../../base/errors.js'
import { unmappedAddress } from '../../server/connections/client-address.js'
import { Arrived, type Protocol } from './arrived.js'
import { BufferPool } from '../../base/buffer-pool.js'
import { acceptEncryption, beginEncryption, type Agreed, type Cipher } from './encryption.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** Longest message in bytes that a peer needs to send to a seed, except a bitfield. */
const LONGEST = 64 * 1024

/** Most extended handshakes of a peer; each is decoded. */
const MOST_HANDSHAKES = 10

/** Milliseconds until a peer that gets nothing is sent a sign of life. */
const SIGN_OF_LIFE = 100_000

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
const HASHES = 22
const HASH_REJECT = 23

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

/** The parts that all wires share. */
export interface WireHost {
  readonly monotonic: () => number
  /** Finds an info hash by the digest of it that encrypted handshakes have. */
  readonly findEncrypted: (digest: string) => InfoHash | null
  /** A peer's handshake was refused, or the peer was left for what it did. */
  readonly onRefused: () => void
  /** An error that nothing here expects; its connection has ended. */
  readonly onFault: (error: unknown) => void
}

/** Receives the messages behind the handshakes. */
export interface Listener {
  /** Whether the next message must wait until others are answered. */
  readonly isBehind: boolean
  onInterest(isInterested: boolean): void
  onHave(piece: number): void
  onBitfield(bits: Uint8Array): void
  onHaveAll(): void
  onRequest(block: Block): void
  onCancel(block: Block): void
  onMetadata(message: Buffer): void
  onHashRequest(message: Buffer): void
  /** All that was sent has left. */
  onSent(): void
}

/**
 * Memory for what is encrypted, until the system has it: with new memory for each block, a seed
 * sends 177 MB in a second of the processor instead of 216.
 */
const pool = new BufferPool()
/** Fewest bytes whose memory is from there. */
const POOLED = 4096

/**
 * The messages of one peer (BEP 3, 6, 10 and 52), as far as an end needs them that only uploads.
 * Here bytes of strangers are decoded: numbers may have any value, all else has been checked.
 */
export class PeerWire {
  /** Whether both ends have the fast extension. */
  hasFast = false
  amChoking = true
  readonly #arrived = new Arrived()
  /** Null before its begin and after its end. */
  #protocol: Protocol | null = null
  /** Null until messages are read. */
  #listener: Listener | null = null
  #hasHandshake = false
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
  /** When something was sent last. */
  #sentAt: number

  constructor(
    readonly socket: Socket,
    private readonly host: WireHost,
    private readonly onHandshake: (handshake: Handshake) => void,
  ) {
    this.#sentAt = host.monotonic()
    socket.on('data', (bytes: Buffer) => {
      this.guard(() => {
        this.#receive(bytes)
      })
    })
  }

  /** The address of the other end; empty if it is gone. */
  get address(): string {
    return unmappedAddress(this.socket.remoteAddress ?? '')
  }

  /** The other end calls. */
  accept(): void {
    this.#begin(this.#readAll(false))
  }

  /** Calls the other end, encrypted for a torrent or, with null, plain. `greet` is then called. */
  call(encryptFor: InfoHash | null, greet: () => void): void {
    this.socket.once('connect', () => {
      this.#begin(this.#call(encryptFor, greet))
    })
  }

  /** Reads the messages behind the handshakes, from a peer of that many pieces. */
  listen(listener: Listener, pieceCount: number): void {
    this.#longest = Math.max(LONGEST, Math.ceil(pieceCount / 8) + 1)
    this.#listener = listener
    this.catchUp()
  }

  /** Ends the connection when what was sent has left. */
  leave(): void {
    this.sendChoke(true)
    this.socket.destroySoon()
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#protocol = null
    this.socket.destroy()
  }

  /** Ends the connection of a peer that does what it must not do. */
  refuse(): void {
    if (this.socket.destroyed) return
    this.destroy()
    this.host.onRefused()
  }

  /** Does some work for this peer. An error in it ends this connection, and nothing else. */
  guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.destroy()
      this.host.onFault(error)
    }
  }

  /**
   * Reads on of a peer that has sent too much, and shows others that this end is alive. Call it
   * every second.
   */
  look(now: number): void {
    if (now - this.#sentAt > SIGN_OF_LIFE) this.#send(Buffer.alloc(4))
    this.#received = 0
    this.#isHeld = false
    this.catchUp()
  }

  /** Reads what has come, unless the next message must wait. Call it when it need not any more. */
  catchUp(): void {
    if (this.#isReading) return
    this.#isReading = true
    while (this.#protocol && !this.socket.writableEnded && !this.#isBehind) {
      const part = this.#arrived.take(this.#needed)
      if (!part) break
      this.#advance(this.#protocol.next(part))
    }
    this.#isReading = false
    if (this.#isHeld || this.#isBehind) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
  }

  get #isBehind(): boolean {
    return this.#listener?.isBehind ?? this.#hasHandshake
  }

  /** The number of messages that the peer has not read yet; 0 if none is waiting to leave. */
  get unreadMessages(): number {
    return this.#unread
  }

  /** Whether the peer takes metadata. */
  get takesMetadata(): boolean {
    return this.#metadataId !== null
  }

  sendHandshake({ infoHash, peerId }: Handshake): void {
    const offered = Buffer.alloc(OFFERED)
    for (const [at, bit] of [FAST, EXTENDED]) offered[at] = bit
    this.#send(Buffer.concat([GREETING, offered, Buffer.from(infoHash + peerId, 'hex')]))
  }

  /** Sends the handshake of BEP 10, if the peer has extended messages. */
  sendExtendedHandshake(values: readonly (readonly [string, BencodeValue])[]): void {
    if (!this.#isExtended) return
    const known = new Map([[METADATA, METADATA_ID]])
    const bytes = encodeBencode(new Map<string, BencodeValue>([['m', known], ...values]))
    this.#sendMessage(EXTENDED_MESSAGE, Buffer.concat([Buffer.from([0]), bytes]))
  }

  sendMetadata(bytes: Uint8Array): void {
    const id = Buffer.from([this.#metadataId ?? 0])
    this.#sendMessage(EXTENDED_MESSAGE, Buffer.concat([id, bytes]))
  }

  /** Says whether requests are refused from now on. */
  sendChoke(isChoking: boolean): void {
    if (this.amChoking === isChoking) return
    this.amChoking = isChoking
    this.#sendMessage(isChoking ? CHOKE : UNCHOKE)
  }

  sendBitfield(bits: Uint8Array): void {
    this.#sendMessage(BITFIELD, bits)
  }

  /** Says that all pieces are there, and which ones a choked peer may ask for (BEP 6). */
  sendHaveAll(allowed: readonly number[]): void {
    const messages = allowed.map((piece) => messageOf(ALLOWED_FAST, numbers(piece)))
    this.#send(Buffer.concat([messageOf(HAVE_ALL), ...messages]))
  }

  /** Refuses requests, if the peer has the fast extension. */
  sendRejects(blocks: readonly Block[]): void {
    if (!this.hasFast || blocks.length === 0) return
    const messages = blocks.map(({ piece, offset, length }) => {
      return messageOf(REJECT, numbers(piece, offset, length))
    })
    this.#send(Buffer.concat(messages))
  }

  sendPiece(piece: number, offset: number, bytes: Uint8Array): void {
    const head = Buffer.allocUnsafe(13)
    head.writeUInt32BE(9 + bytes.length, 0)
    head[4] = PIECE
    head.writeUInt32BE(piece, 5)
    head.writeUInt32BE(offset, 9)
    this.#received -= bytes.length / BYTES_FOR_ONE
    this.#send(head)
    this.#send(bytes)
  }

  /** Answers a request of BEP 52; null refuses it. */
  sendHashes(request: Uint8Array, hashes: Uint8Array | null): void {
    this.#sendMessage(hashes ? HASHES : HASH_REJECT, Buffer.concat([request, hashes ?? EMPTY]))
  }

  #sendMessage(id: number, bytes?: Uint8Array): void {
    this.#send(messageOf(id, bytes))
  }

  readonly #send = (bytes: Uint8Array): void => {
    if (this.socket.destroyed || this.socket.writableEnded) return
    if (++this.#unread > MOST_UNREAD) {
      this.refuse()
      return
    }
    this.#sentAt = this.host.monotonic()
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
        this.#listener?.onSent()
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

  #begin(protocol: Protocol): void {
    this.#protocol = protocol
    this.guard(() => {
      this.#advance(protocol.next())
    })
  }

  #advance(step: IteratorResult<number, void>): void {
    if (!step.done) this.#needed = step.value
    else if (this.#protocol) this.refuse()
  }

  *#call(encryptFor: InfoHash | null, greet: () => void): Protocol {
    if (encryptFor !== null) {
      const agreed = yield* beginEncryption(encryptFor, this.#send)
      if (!agreed) return
      this.#use(agreed)
    }
    greet()
    yield* this.#readAll(true)
  }

  /** Reads all that the other end sends; only one that calls may encrypt. */
  *#readAll(isCalled: boolean): Protocol {
    let greeting = yield GREETING.length
    if (!greeting.equals(GREETING) && !isCalled) {
      const agreed = yield* acceptEncryption(greeting, this.#send, this.host.findEncrypted)
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
    this.#hasHandshake = true
    const infoHash = infoHashOfBytes(bytes.subarray(OFFERED, OFFERED + SHA1))
    this.onHandshake({ infoHash, peerId: bytes.toString('hex', OFFERED + SHA1) })
  }

  /** Reads a message. Returns false for one that no honest peer sends to a seed. */
  #readMessage(message: Buffer): boolean {
    const [id, body] = [message[0], message.subarray(1)]
    const listener = this.#listener
    switch (id) {
      case INTERESTED:
      case NOT_INTERESTED:
        listener?.onInterest(id === INTERESTED)
        return true
      case HAVE:
        if (body.length !== 4) return false
        listener?.onHave(body.readUInt32BE())
        return true
      case BITFIELD:
        listener?.onBitfield(body)
        return true
      case HAVE_ALL:
        if (this.hasFast) listener?.onHaveAll()
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
        listener?.onHashRequest(body)
        return true
      default:
        // It concerns ends that download, or an extension that is unknown here
        return true
    }
  }

  #readRequest(id: typeof REQUEST | typeof CANCEL, body: Buffer): boolean {
    if (body.length !== 12) return false
    const [piece = 0, offset = 0, length = 0] = [0, 4, 8].map((at) => body.readUInt32BE(at))
    if (id === REQUEST) this.#listener?.onRequest({ piece, offset, length })
    else this.#listener?.onCancel({ piece, offset, length })
    return true
  }

  #readExtended(body: Buffer): boolean {
    const bytes = body.subarray(1)
    if (body[0] === METADATA_ID) this.#listener?.onMetadata(bytes)
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
