import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { CountedResponse } from './counted-response.js'
import type { Client } from './fair-queue.js'
import { beginInTurn, leaveTurns, mayBegin, noteAsked } from './turns.js'

/** Bytes of a connection that may wait here before no more of it are read. */
const MOST_WAITING = 16 * 1024

/** Bytes that may wait for a turn without being counted: most requests have less. */
const FEW = 2048

/** Bytes that a request takes that was read and has not begun. */
const REQUEST_COST = 2048

/** Most bytes of a head or a body that are taken in one turn. */
const PORTION = 16 * 1024

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

/** Properties of the socket, because a map would get an entry for each request. */
export const BEGUN = Symbol('begun')
export const INTAKE = Symbol('intake')

export interface Followed extends Socket {
  /** The last response that was started. */
  [BEGUN]?: CountedResponse
  [INTAKE]?: Intake | undefined
}

type Listener = (bytes: Buffer) => void

/**
 * Hands on the bytes of a connection, the next head or a part of a body at a time: at once as far
 * as the event loop has time, and the rest in turns of clients. One read of a connection may bring
 * hundreds of requests, and one look at all connections a thousand such reads: all others would
 * wait for seconds. Nothing behind a request is handed on until that has its whole answer.
 */
export class Intake {
  /** Bytes that wait. */
  unread: Buffer = NOTHING
  /** Requests that were read before, and have not begun. */
  readonly requests = new Set<IncomingMessage>()
  /** Node's listeners for the connection's bytes and its end. */
  readonly #take: Listener
  readonly #end: Listener
  readonly #begin: () => void
  #counted = 0
  #isTurnDue = false
  /** Whether the connection is not read, because so much waits. */
  #isHeld = false
  #isEnded = false
  /** The response behind which bytes wait. */
  #awaited: CountedResponse | null = null

  /**
   * Takes the place of the last listener for a connection's bytes, and of that for its end.
   * `onCount` receives the number of bytes that wait, when that has changed.
   */
  constructor(
    private readonly socket: Followed,
    readonly client: Client,
    private readonly onCount: (waiting: number, socket: Followed) => void,
  ) {
    ;[this.#take = ignore] = (socket.listeners('data') as Listener[]).slice(-1)
    ;[this.#end = ignore] = (socket.listeners('end') as Listener[]).slice(-1)
    this.#begin = () => {
      if (socket.isPaused()) return
      socket.off('resume', this.#begin).off('data', this.#take).off('end', this.#end)
      socket.on('data', this.#receive).on('end', this.#finish)
    }
    // If Node has stopped reading by itself, only its own listeners begin again
    socket.on('resume', this.#begin).once('close', this.#close)
    this.#begin()
  }

  readonly #close = (): void => {
    this.unread = NOTHING
    if (this.#isTurnDue) leaveTurns(this.#takeTurn, this.client)
  }

  /** Gives the connection back to Node, unless something waits. Returns whether it did. */
  giveBack(): boolean {
    const { socket, unread, requests } = this
    const isIdle = unread.length + requests.size + this.#counted === 0 && !this.#isTurnDue
    if (!isIdle || this.#isEnded || socket.isPaused()) return false
    socket.off('resume', this.#begin).off('close', this.#close)
    socket.off('data', this.#receive).off('end', this.#finish)
    socket.on('data', this.#take).on('end', this.#end)
    return true
  }

  readonly #receive = (bytes: Buffer): void => {
    const { socket, client, unread } = this
    noteAsked(client, bytes.length)
    // The usual case: one whole request
    const isFirst = unread.length === 0 && socket.writable
    if (isFirst && this.#portionOf(bytes) === bytes.length && mayBegin(client)) {
      this.#take.call(this.socket, bytes)
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
    this.#end.call(this.socket, NOTHING)
  }

  #portion(): number {
    if (this.unread.length === 0 || !this.socket.writable) return 0
    return this.#portionOf(this.unread)
  }

  /** How many of some bytes are handed on in one turn. */
  #portionOf(bytes: Buffer): number {
    if (this.requests.size > 0) return 0
    const response = this.socket[BEGUN]
    if (response?.socket === this.socket) {
      const { complete, readableLength, readableHighWaterMark } = response.req
      if (complete) this.#goOnAfter(response)
      // Node resumes the connection when a part of the body was read
      if (complete || readableLength >= readableHighWaterMark) return 0
    }
    const end = bytes.indexOf(END_OF_HEAD)
    return Math.min(end === -1 ? bytes.length : end + END_OF_HEAD.length, PORTION)
  }

  #goOnAfter(response: CountedResponse): void {
    if (this.#awaited === response) return
    this.#awaited = response
    response.once('close', () => {
      this.goOn()
    })
  }

  #handOn(size: number): void {
    const { unread } = this
    this.unread = size === unread.length ? NOTHING : unread.subarray(size)
    this.#take.call(this.socket, unread.subarray(0, size))
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
    this.onCount(unread.length + REQUEST_COST * this.requests.size, socket)
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
