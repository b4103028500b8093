import type { Socket } from 'node:net'
import Wire from 'bittorrent-protocol'

/** Longest message in bytes that a peer needs to send to a seed, except a bitfield. */
const LONGEST = 64 * 1024

/** Most extended handshakes of a peer; each is decoded. */
const MOST_HANDSHAKES = 10

/** Ids of the messages of BEP 52. */
export const HASH_REQUEST = 21
export const HASHES = 22
export const HASH_REJECT = 23

/** The messages of a peer that a seed heeds. Hashes and ids are in hexadecimal. */
export interface WireReader {
  /** The peer encrypts. Returns the info hash whose digest with `req2` that is; null if unknown. */
  findEncrypted(digest: string): string | null
  onHandshake(infoHash: string, peerId: string): void
  onInterest(isInterested: boolean): void
  /** The peer has one piece more. */
  onHave(): void
  /** The peer has the pieces whose bits are set; null if it has all. */
  onPieces(bits: Uint8Array | null): void
  onRequest(piece: number, offset: number, length: number): void
  onCancel(piece: number, offset: number, length: number): void
  onMetadata(message: Uint8Array): void
  onHashRequest(message: Uint8Array): void
  /** All that was sent has left. */
  onSent(): void
}

/** The side that connected, and its encryption: never, if the other end wants it, or always. */
interface WireBeginning {
  readonly kind: 'tcpIncoming' | 'tcpOutgoing'
  readonly encryption: 0 | 1 | 2
}

/**
 * The messages of one peer, without the cost of what only downloaders need: the package reads and
 * spells them. Its streams are bypassed, so that a socket's `writableLength` is all that is unread.
 */
export class PeerWire extends Wire {
  /** Most bytes of the next message. */
  #longest = LONGEST
  #handshakes = 0

  constructor(
    private readonly socket: Socket,
    private readonly reader: WireReader,
    { kind, encryption }: WireBeginning,
  ) {
    super(kind, encryption)
    this.extensions = { extended: true, fast: true }
    this.extendedMapping = { 1: 'ut_metadata' }
    this.on('crypto-infohash', (digest: string) => {
      const infoHash = reader.findEncrypted(digest)
      if (infoHash === null) this.destroy()
      else this.setInfoHash(infoHash)
    })
    socket.on('data', (bytes: Uint8Array) => {
      this.#receive(bytes)
    })
  }

  /** Allows a bitfield of that many pieces. */
  expectPieces(count: number): void {
    this.#longest = Math.max(LONGEST, Math.ceil(count / 8) + 1)
  }

  /** Sends a message of BEP 52. */
  sendHashes(id: number, bytes: Uint8Array): void {
    this._message(id, [], bytes)
  }

  override destroy(): this {
    if (!this._finished) {
      this._finished = true
      // Nothing more is parsed, whatever has arrived
      this._parse(Number.MAX_VALUE, () => undefined)
      this.socket.destroy()
    }
    return this
  }

  override end(): this {
    return this.destroy()
  }

  #receive(bytes: Uint8Array): void {
    if (this._finished) return
    try {
      this._write(bytes, () => undefined)
    } catch {
      // The package expects well-formed messages in some places
      this.destroy()
    }
  }

  protected override _debug(): void {
    // It formats each message even if nobody reads it
  }

  protected override _push(bytes: Uint8Array): boolean {
    if (this._finished) return false
    const sent = this._encryptor ? this._encryptor.encrypt(bytes) : bytes
    return this.socket.write(sent, this.#onWritten)
  }

  // The socket's `drain` comes only if more waited than its high-water mark, which differs by Node
  readonly #onWritten = (): void => {
    if (this.socket.writableLength === 0) this.reader.onSent()
  }

  protected override _onMessageLength(bytes: Uint8Array): void {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    if (length > this.#longest) this.destroy()
    else super._onMessageLength(bytes)
  }

  protected override _onHandshake(
    ...[infoHash, peerId, offered]: Parameters<Wire['_onHandshake']>
  ) {
    super._onHandshake(infoHash, peerId, offered)
    this.reader.onHandshake(hexOf(infoHash), hexOf(peerId))
  }

  protected override _onInterested(): void {
    this.peerInterested = true
    this.reader.onInterest(true)
  }

  protected override _onUninterested(): void {
    this.peerInterested = false
    this.reader.onInterest(false)
  }

  protected override _onHave(): void {
    this.reader.onHave()
  }

  protected override _onBitField(bits: Uint8Array): void {
    this.reader.onPieces(bits)
  }

  protected override _onHaveAll(): void {
    this.reader.onPieces(null)
  }

  protected override _onRequest(piece: number, offset: number, length: number): void {
    // The package reads them as signed
    this.reader.onRequest(piece >>> 0, offset >>> 0, length >>> 0)
  }

  protected override _onCancel(piece: number, offset: number, length: number): void {
    this.reader.onCancel(piece >>> 0, offset >>> 0, length >>> 0)
  }

  /** Nobody asked for it. */
  protected override _onPiece(): void {
    this.destroy()
  }

  protected override _onExtended(id: number, bytes: Uint8Array): void {
    if (id === 0 && ++this.#handshakes > MOST_HANDSHAKES) this.destroy()
    else if (id === 1) this.reader.onMetadata(bytes)
    else if (id === 0) super._onExtended(id, bytes)
  }

  override emit(event: string, ...values: unknown[]): boolean {
    const [message] = values
    if (event === 'unknownmessage' && message instanceof Uint8Array) {
      if (message[0] === HASH_REQUEST) this.reader.onHashRequest(message.subarray(1))
      return true
    }
    return super.emit(event, ...values)
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}
