import type { Socket } from 'node:net'
import type { Client } from './fair-queue.js'
import { beginInTurn, leaveTurns, mayBegin, noteAsked } from './turns.js'

/** Bytes of a connection that may wait here before no more of it are read. */
const MOST_WAITING = 16 * 1024

/** Bytes that may wait for a turn without being counted: most requests have less. */
const FEW = 2048

const NOTHING = Buffer.alloc(0)

type Listener = (bytes: Buffer) => void

/** The one who takes the bytes of a connection. */
export interface Taker<Connection> {
  /**
   * Returns how many of the bytes that wait are taken in one turn. None are while it is busy; it
   * calls `goOn` afterwards.
   */
  readonly portionOf: (bytes: Buffer, connection: Connection) => number
  /** Receives the number of bytes that wait, when that has changed. */
  readonly count: (waiting: number, connection: Connection) => void
}

/**
 * Hands on the bytes of a connection, a portion at a time: at once as far as the event loop has
 * time, and the rest in turns of clients. One read of a connection may bring hundreds of requests,
 * and one look at all connections a thousand such reads: all others would wait for seconds.
 */
export class Intake<Connection extends Socket> {
  /** Bytes that wait. */
  unread: Buffer = NOTHING
  readonly #take: Listener
  readonly #end: Listener
  readonly #begin: () => void
  #counted = 0
  #isTurnDue = false
  /** Whether the connection is not read, because so much waits. */
  #isHeld = false
  #isEnded = false

  /** Takes the place of the last listener for a connection's bytes, and of that for its end. */
  constructor(
    private readonly socket: Connection,
    readonly client: Client,
    private readonly taker: Taker<Connection>,
  ) {
    const [take = ignore] = (socket.listeners('data') as Listener[]).slice(-1)
    const [end = ignore] = (socket.listeners('end') as Listener[]).slice(-1)
    this.#take = take.bind(socket)
    this.#end = end.bind(socket)
    this.#begin = () => {
      if (socket.isPaused()) return
      socket.off('resume', this.#begin).off('data', take).off('end', end)
      socket.on('data', this.#receive).on('end', this.#finish)
    }
    // If Node has stopped reading by itself, only its own listeners begin again
    socket.on('resume', this.#begin)
    socket.once('close', () => {
      this.unread = NOTHING
      if (this.#isTurnDue) leaveTurns(this.#takeTurn, client)
    })
    this.#begin()
  }

  readonly #receive = (bytes: Buffer): void => {
    const { socket, client, taker, unread } = this
    noteAsked(client, bytes.length)
    // The usual case: one whole request
    const isFirst = unread.length === 0 && socket.writable
    if (isFirst && taker.portionOf(bytes, socket) === bytes.length && mayBegin(client)) {
      this.#take(bytes)
      return
    }
    this.unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes])
    this.goOn()
  }

  readonly #finish = (): void => {
    this.#isEnded = true
    this.goOn()
  }

  /** Hands on what waits, as far as it may be taken now. */
  goOn(): void {
    for (let size = this.#portion(); size > 0 && !this.#isTurnDue; size = this.#portion()) {
      if (mayBegin(this.client)) this.#handOn(size)
      else this.#waitForTurn()
    }
    const isFew = this.#isTurnDue && this.unread.length <= FEW && this.#counted === 0
    if (!isFew && this.unread.length !== this.#counted) this.count()
    if (!this.#isEnded || this.unread.length > 0) return
    this.#isEnded = false
    this.#end(NOTHING)
  }

  #portion(): number {
    if (this.unread.length === 0 || !this.socket.writable) return 0
    return this.taker.portionOf(this.unread, this.socket)
  }

  #handOn(size: number): void {
    const { unread } = this
    this.unread = size === unread.length ? NOTHING : unread.subarray(size)
    this.#take(unread.subarray(0, size))
  }

  #waitForTurn(): void {
    this.#isTurnDue = true
    beginInTurn(this.#takeTurn, this.client)
  }

  readonly #takeTurn = (): void => {
    this.#isTurnDue = false
    const size = this.#portion()
    if (size > 0) this.#handOn(size)
    this.goOn()
  }

  /** Counts what waits. The connection is read, and its end noticed, as long as that is little. */
  count(): void {
    const { socket, unread } = this
    // Others resume it, too, for example when a part of a body was read
    if (this.#counted === 0) socket.on('resume', this.#resume)
    if (unread.length === 0) socket.off('resume', this.#resume)
    this.#counted = unread.length
    this.taker.count(unread.length, socket)
    const isHeld = unread.length > (this.#isHeld ? 0 : MOST_WAITING)
    if (isHeld === this.#isHeld) return
    this.#isHeld = isHeld
    if (isHeld) socket.pause()
    else socket.resume()
  }

  readonly #resume = (): void => {
    this.goOn()
    if (this.#isHeld) this.socket.pause()
  }

  /** Stops to listen, and returns what waits. */
  release(): Buffer {
    this.socket.off('resume', this.#begin).off('data', this.#receive).off('end', this.#finish)
    const { unread } = this
    this.unread = NOTHING
    this.count()
    return unread
  }
}

const ignore = () => undefined
