import { createDiffieHellman, randomBytes, type DiffieHellman } from 'node:crypto'
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

/**
 * The messages of one peer, without the cost of what only downloaders need: the package reads and
 * spells them. Its streams are bypassed, so that a socket's `writableLength` is all that is unread.
 */
export abstract class PeerWire extends Wire {
  /** Most bytes of the next message. */
  #longest = LONGEST
  #handshakes = 0

  /** `encryption` is 0 for never, 1 if the other end wants it. */
  constructor(
    protected readonly socket: Socket,
    kind: 'tcpIncoming' | 'tcpOutgoing',
    encryption: 0 | 1,
  ) {
    super(kind, encryption)
    this.extensions = { extended: true, fast: true }
    this.extendedMapping = { 1: 'ut_metadata' }
    if (this._encryptor) this._encryptor._dh = new KeyPair()
    this.on('crypto-infohash', (digest: string) => {
      const infoHash = this.findEncrypted(digest)
      if (infoHash === null) this.destroy()
      else this.setInfoHash(infoHash)
    })
    socket.on('data', (bytes: Uint8Array) => {
      this.#receive(bytes)
    })
  }

  /** The peer encrypts. Returns the info hash whose digest with `req2` that is; null if unknown. */
  protected abstract findEncrypted(digest: string): string | null
  protected abstract onMetadata(message: Uint8Array): void
  protected abstract onHashRequest(message: Uint8Array): void
  /** All that was sent has left. */
  protected abstract onSent(): void

  /** Allows a bitfield of that many pieces. */
  protected expectPieces(count: number): void {
    this.#longest = Math.max(LONGEST, Math.ceil(count / 8) + 1)
  }

  /** Sends a message of BEP 52. */
  protected sendHashes(id: number, bytes: Uint8Array): void {
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
    if (this.socket.writableLength === 0) this.onSent()
  }

  protected override _onMessageLength(bytes: Uint8Array): void {
    const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
    if (length > this.#longest) this.destroy()
    else super._onMessageLength(bytes)
  }

  /** Nobody asked for it. */
  protected override _onPiece(): void {
    this.destroy()
  }

  protected override _onExtended(id: number, bytes: Uint8Array): void {
    if (id === 0 && ++this.#handshakes > MOST_HANDSHAKES) this.destroy()
    else if (id === 1) this.onMetadata(bytes)
    else if (id === 0) super._onExtended(id, bytes)
  }

  override emit(event: string, ...values: unknown[]): boolean {
    const [message] = values
    if (event === 'unknownmessage' && message instanceof Uint8Array) {
      if (message[0] === HASH_REQUEST) this.onHashRequest(message.subarray(1))
      return true
    }
    return super.emit(event, ...values)
  }
}

/** The prime of encrypted handshakes. */
const PRIME =
  'ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd' +
  'ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563'

let group: DiffieHellman | null = null

/**
 * A connection's keys for its encrypted handshake. Connections share the group: OpenSSL checks its
 * prime whenever it is made, for 13 ms of the processor, which strangers could ask for at will.
 */
class KeyPair {
  readonly #secret = randomBytes(20)

  generateKeys(): Uint8Array {
    return this.#own().generateKeys()
  }

  computeSecret(theirs: Uint8Array): Uint8Array {
    return this.#own().computeSecret(theirs)
  }

  #own(): DiffieHellman {
    group ??= createDiffieHellman(PRIME, 'hex', 2)
    group.setPrivateKey(this.#secret)
    return group
  }
}
