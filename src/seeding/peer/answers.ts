import { BtkitError } from '../../base/errors.js'
import { takeTurn, type Throttle } from '../../disk/hash/jobs/job.js'
import { BLOCK } from '../../metainfo/sizes.js'
import { CHUNK } from './chunk-pool.js'
import type { SeededContent } from './content.js'
import type { Seeded } from './seeded.js'
import type { UploadSlots } from './upload-slots.js'
import type { Block, PeerWire } from './wire.js'

/** Bytes of a piece of metadata (BEP 9). */
export const METADATA_PIECE = 16 * 1024

/** Bytes that a peer with a slot, or without one, may leave unread before it gets no more. */
export const UNREAD = 256 * 1024
const UNREAD_CHOKED = 16 * 1024

/** Messages that a peer may leave unread before it gets no more blocks, however small these are. */
const UNREAD_MESSAGES = 200

/** Most bytes of memory, such as whole chunks, that are held by what a peer has not read. */
const MOST_HELD = 768 * 1024

/** The same of all peers together, and what a peer with a slot may hold in any case. */
export const MOST_HELD_BY_ALL = 64 * 1024 * 1024
const HELD_IN_ANY_CASE = 64 * 1024

/** A block is copied if it is smaller, so that it holds no chunk. */
const COPIED = 8 * 1024

/** Most chunks that are read ahead for all peers with a slot. */
const MOST_AHEAD_OF_ALL = 64

/** Blocks of a chunk. */
const BLOCKS = CHUNK / BLOCK

/** Milliseconds until a file is read again that could not be opened because too many are open. */
const AGAIN = 1000

/** A torrent that has been read. */
export interface Served {
  readonly torrent: Seeded
  readonly content: SeededContent
}

/** The parts that the answers to all peers share. */
export interface AnswersHost {
  readonly slots: UploadSlots
  /** The memory that is held by what all peers have not read. */
  readonly held: { bytes: number }
  /** Most chunks that are read ahead for a peer. */
  readonly readAhead: number
  /** Limits what all peers get; null for no limit. */
  readonly throttle: Throttle | null
  /** Something in the content is not what it was. */
  readonly fail: (torrent: Seeded, error: unknown) => void
}

/**
 * A message that waits until it can be sent: a block, or a piece of metadata, whose length is null.
 */
type Request = Omit<Block, 'length'> & { readonly length: number | null }

/** The answers that a peer waits for: sent as far as it reads them, and the memory they hold. */
export class Answers {
  /** Requests in vain since the last block. */
  refused = 0
  #requests: Request[] = []
  /** Whether the first request waits for a disk, or for its turn at a limited rate. */
  #isWaiting = false
  #hasTurn = false
  #bytesHeld = 0
  /** The memory of chunks that the peer has not read. */
  #chunks: ArrayBufferLike[] = []

  constructor(
    private readonly wire: PeerWire,
    private readonly host: AnswersHost,
    private readonly served: Served,
  ) {}

  /** The number of requests that wait. */
  get waiting(): number {
    return this.#requests.length
  }

  ask(request: Request): void {
    this.#requests.push(request)
    this.pump()
  }

  /** Returns whether a block was waited for. */
  forget({ piece, offset, length }: Block): boolean {
    const at = this.#requests.findIndex((each) => {
      return each.piece === piece && each.offset === offset && each.length === length
    })
    if (at >= 0) this.#requests.splice(at, 1)
    return at >= 0
  }

  /** Refuses all blocks that wait. */
  dropBlocks(): void {
    const wants = this.#requests
    this.#requests = wants.filter(({ length }) => length === null)
    this.wire.sendRejects(wants.filter(isBlock))
  }

  end(): void {
    this.#requests = []
    this.#release()
  }

  onSent(): void {
    this.#release()
    this.pump()
  }

  /** Sends what was asked for, as far as the peer reads it. */
  pump(): void {
    if (this.#isWaiting || this.#requests.length === 0) return
    const { wire } = this
    const { socket } = wire
    socket.cork()
    let sent = 0
    for (const request of this.#requests) {
      const unread = wire.amChoking ? UNREAD_CHOKED : UNREAD
      if (socket.writableLength >= unread || wire.unreadMessages >= UNREAD_MESSAGES) break
      if (this.#bytesHeld >= this.#mostHeld) break
      const chunk = this.#chunks.at(-1)
      if (socket.destroyed || !this.#send(request)) break
      sent++
      if (this.#chunks.at(-1) !== chunk) this.#readAhead(this.#requests[sent + this.#ahead])
    }
    this.#requests.splice(0, sent)
    socket.uncork()
    if (sent > 0) wire.catchUp()
  }

  /** Sends one answer; returns false if it must wait. */
  #send({ piece, offset, length }: Request): boolean {
    const { content, torrent } = this.served
    if (length === null) {
      if (this.wire.takesMetadata) this.#sendMetadata(piece, content.info)
      return true
    }
    const bytes = content.peek(piece, offset, length)
    if (!bytes) {
      this.#load({ piece, offset, length })
      return false
    }
    if (!this.#takeTurn(length)) return false
    this.wire.sendPiece(piece, offset, this.#held(bytes))
    this.refused = 0
    torrent.uploaded += length
    return true
  }

  /** Whether bytes may leave now; otherwise they are sent in their turn. */
  #takeTurn(length: number): boolean {
    const { throttle } = this.host
    const wait = throttle && !this.#hasTurn ? takeTurn(throttle, length) : 0
    this.#hasTurn = wait > 0
    if (wait <= 0) return true
    this.#isWaiting = true
    // A peer that waits keeps no process alive that ends
    setTimeout(this.#goOn, wait).unref()
    return false
  }

  /** Most bytes of memory that this peer may hold now. */
  get #mostHeld(): number {
    if (this.host.held.bytes < MOST_HELD_BY_ALL) return MOST_HELD
    return this.wire.amChoking ? 0 : HELD_IN_ANY_CASE
  }

  /** Returns bytes to send. Unread bytes must not hold many chunks, each by a small part. */
  #held(bytes: Uint8Array): Uint8Array {
    if (bytes.length < COPIED) {
      this.hold(bytes.length)
      return new Uint8Array(bytes)
    }
    if (bytes.buffer !== this.#chunks.at(-1)) {
      this.hold(bytes.buffer.byteLength)
      this.#chunks.push(bytes.buffer)
      this.served.content.memory.retain(bytes.buffer)
    }
    return bytes
  }

  hold(bytes: number): void {
    this.#bytesHeld += bytes
    this.host.held.bytes += bytes
  }

  /** The peer has read all, or is gone. */
  #release(): void {
    this.host.held.bytes -= this.#bytesHeld
    this.#bytesHeld = 0
    for (const memory of this.#chunks) this.served.content.memory.release(memory)
    this.#chunks = []
  }

  #sendMetadata(piece: number, info: Uint8Array): void {
    const start = piece * METADATA_PIECE
    const head =
      start >= info.length
        ? `d8:msg_typei2e5:piecei${piece}ee`
        : `d8:msg_typei1e5:piecei${piece}e10:total_sizei${info.length}ee`
    const bytes = info.subarray(start, start + METADATA_PIECE)
    this.hold(bytes.length)
    this.wire.sendMetadata(Buffer.concat([Buffer.from(head), bytes]))
  }

  /** The number of blocks from the one that is sent to the one that is read ahead. */
  get #ahead(): number {
    const chunks = Math.floor(MOST_AHEAD_OF_ALL / Math.max(1, this.host.slots.used))
    return BLOCKS * Math.max(1, Math.min(this.host.readAhead, chunks))
  }

  /** Reads what will soon be sent, while what was read before is on its way. */
  #readAhead(next: Request | undefined): void {
    if (!next || !isBlock(next) || this.host.held.bytes >= MOST_HELD_BY_ALL) return
    if (this.served.content.peek(next.piece, next.offset, next.length)) return
    // When its turn comes, it is read again, and the error is handled
    this.#read(next).catch(() => undefined)
  }

  #read({ piece, offset, length }: Block): Promise<void> {
    const { held } = this.host
    held.bytes += CHUNK
    return this.served.content.load(piece, offset, length).finally(() => {
      held.bytes -= CHUNK
    })
  }

  #load(block: Block): void {
    const { content, torrent } = this.served
    this.#isWaiting = true
    this.#read(block).then(this.#goOn, (error: unknown) => {
      const isBusy = error instanceof BtkitError && error.code === 'busy'
      // The torrent was forgotten before this peer's handshake came; it may call again
      if (content.isClosed) this.wire.destroy()
      else if (isBusy) setTimeout(this.#goOn, AGAIN).unref()
      else this.host.fail(torrent, error)
    })
  }

  readonly goOn = (): void => {
    this.wire.guard(() => {
      this.pump()
    })
  }

  readonly #goOn = (): void => {
    this.#isWaiting = false
    this.goOn()
  }
}

function isBlock(request: Request): request is Block {
  return request.length !== null
}
