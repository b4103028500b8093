// The package has no types. Declared is what the seeder uses, and what it overrides
declare module 'bittorrent-protocol' {
  import type { EventEmitter } from 'node:events'

  /** The extensions that a handshake offers. */
  interface Extensions {
    extended?: boolean
    fast?: boolean
    dht?: boolean
  }

  export default class Wire extends EventEmitter {
    constructor(kind: 'tcpIncoming' | 'tcpOutgoing', encryption: 0 | 1 | 2)
    amChoking: boolean
    peerInterested: boolean
    hasFast: boolean
    extensions: Extensions
    peerExtensions: Extensions
    extendedMapping: Record<number, string>
    peerExtendedMapping: Record<string, number>
    extendedHandshake: Record<string, unknown>
    peerExtendedHandshake: Record<string, unknown>
    allowedFastSet: number[]

    handshake(infoHash: string, peerId: string, extensions: Extensions): void
    startEncryption(infoHash: string): void
    setInfoHash(infoHash: string): void
    keepAlive(): void
    choke(): void
    unchoke(): void
    bitfield(bits: Uint8Array): void
    haveAll(): void
    reject(piece: number, offset: number, length: number): void
    allowedFast(piece: number): void
    piece(piece: number, offset: number, bytes: Uint8Array): void
    extended(name: string, bytes: Uint8Array): void
    destroy(): this
    end(): this

    protected _finished: boolean
    protected _encryptor: {
      /** The keys of the handshake; made when they are needed, unless they are given. */
      _dh: {
        generateKeys(): Uint8Array
        computeSecret(theirs: Uint8Array): Uint8Array
      } | null
      encrypt(bytes: Uint8Array): Uint8Array
    } | null
    protected _debug(...values: unknown[]): void
    protected _push(bytes: Uint8Array): boolean
    protected _write(bytes: Uint8Array, done: () => void): void
    protected _parse(size: number, parser: () => void): void
    protected _message(id: number, numbers: number[], bytes: Uint8Array | null): void
    protected _onMessageLength(bytes: Uint8Array): void
    protected _onHandshake(infoHash: Uint8Array, peerId: Uint8Array, offered: Extensions): void
    protected _onInterested(): void
    protected _onUninterested(): void
    protected _onHave(piece: number): void
    protected _onBitField(bits: Uint8Array): void
    protected _onHaveAll(): void
    protected _onRequest(piece: number, offset: number, length: number): void
    protected _onCancel(piece: number, offset: number, length: number): void
    protected _onPiece(piece: number, offset: number, bytes: Uint8Array): void
    protected _onExtended(id: number, bytes: Uint8Array): void
  }
}
