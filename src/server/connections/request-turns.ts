import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { monotonicNow } from '../../base/process.js'
import type { ConnectionFollower, KeyOf } from './connections.js'
import type { CountedResponse } from './counted-response.js'
import { BEGUN, type Followed, Intake, INTAKE } from './intake.js'
import { closeAnswered } from './refuse-connection.js'
import { beginInTurn, inTurn, isCrowded, isTurnOver } from './turns.js'
import { UnreadBytes } from './unread-bytes.js'

export type Handler = (request: IncomingMessage, response: CountedResponse) => void

/** Most bytes that wait of all clients together. Beyond, the client with the most gives way. */
const MOST_WAITING = 32 * 1024 * 1024

/** Milliseconds for the answer to a client that has closed its side. */
const HALF_OPEN = 2000

/** Turns of work in one round of the event loop for which all others wait too long: 20 ms. */
const LATE = 10

/**
 * Open connections that cannot keep the event loop long, because each begins one request in a
 * round: whether a round is late is not asked for them, which a short answer would notice.
 */
const FEW = 16

/** Milliseconds in which connections have an intake after the event loop had no time. */
const BUSY = 1000

/**
 * Takes the requests of a server's connections one after the other.
 *
 * 1. Node reads a new connection by itself, which takes least (`#plain`).
 * 2. If the event loop has no time, all connections get an intake for a second: it hands on one
 *    request at a time, in turns of clients. A client that sends several requests at once gets one
 *    for good.
 * 3. Requests that Node had read before wait in the intake, and begin in these turns, too.
 * 4. Clients that close their side after their requests, as `nc -N` does, are answered. A client
 *    that has left looks the same, so its connection is closed if the answer does not begin soon.
 */
export class RequestTurns implements ConnectionFollower {
  /** The connections that Node reads. */
  readonly #plain = new Set<Followed>()
  #busyUntil = 0
  /** Connections whose client sends several requests at once. */
  readonly #hasty = new WeakSet<Followed>()
  /** The bytes of requests that wait. */
  readonly #waiting: UnreadBytes

  /**
   * `unread` counts what clients have not read of all responses. `onLeft` receives requests that
   * had not begun when their connection closed.
   */
  constructor(
    private readonly keyOf: KeyOf,
    private readonly unread: UnreadBytes,
    private readonly onLeft: (request: IncomingMessage) => void,
  ) {
    this.#waiting = new UnreadBytes(keyOf, { all: MOST_WAITING, perClient: MOST_WAITING })
  }

  readonly come = (socket: Followed): void => {
    if (monotonicNow() < this.#busyUntil) this.#takeOver(socket)
    else this.#plain.add(socket)
    socket.destroySoon = closeSoon
    // Not before, because of handshakes of TLS that nobody completes
    socket.allowHalfOpen = true
    // The last listener is Node's
    socket.prependOnceListener('end', () => {
      closeUnless(() => this.isAnswering(socket), socket, HALF_OPEN)
    })
  }

  readonly gone = (socket: Followed): void => {
    this.#plain.delete(socket)
    const { requests, client } = socket[INTAKE] ?? {}
    if (!requests || requests.size === 0) return
    inTurn(() => {
      for (const request of requests) this.onLeft(request)
    }, client)
  }

  readonly #count = (waiting: number, socket: Followed): void => {
    this.#waiting.hold(socket, socket, { body: null, waiting })
  }

  #takeOver(socket: Followed): Intake {
    this.#plain.delete(socket)
    const client = this.keyOf(socket) ?? socket
    return (socket[INTAKE] ??= new Intake(socket, client, this.#count))
  }

  /**
   * Makes a handler that begins a request only after the answers before it are sent. A request that
   * has begun owns the connection, so its response emits `close` when the client leaves.
   */
  inOrder(handler: Handler): Handler {
    const begin: Handler = (request, response) => {
      const socket: Followed = request.socket
      socket[BEGUN] = response
      response.unread = this.unread
      response.client = this.keyOf(socket) ?? socket
      handler(request, response)
    }
    return (request, response) => {
      const socket: Followed = request.socket
      if (socket[INTAKE]) this.#giveBack(socket)
      else if (this.#plain.size > FEW && isTurnOver(LATE)) this.#takeOverAll()
      if (response.socket) begin(request, response)
      else this.#wait(request, response, begin)
    }
  }

  #takeOverAll(): void {
    this.#busyUntil = monotonicNow() + BUSY
    // Of one that has its last answer, all that comes is thrown away
    for (const socket of this.#plain) if (socket.writable) this.#takeOver(socket)
  }

  /** Lets Node read a connection again whose intake has done its service. */
  #giveBack(socket: Followed): void {
    const now = monotonicNow()
    if (isCrowded()) this.#busyUntil = now + BUSY
    if (now < this.#busyUntil || this.#hasty.has(socket)) return
    if (socket[INTAKE]?.giveBack() !== true) return
    socket[INTAKE] = undefined
    this.#plain.add(socket)
  }

  /** Lets a request wait that came with the one before. */
  #wait(request: IncomingMessage, response: CountedResponse, begin: Handler): void {
    const intake = this.#takeOver(request.socket)
    this.#hasty.add(request.socket)
    intake.requests.add(request)
    intake.count()
    const act = () => {
      if (request.socket.destroyed || !intake.requests.delete(request)) return
      intake.count()
      begin(request, response)
      intake.goOn()
    }
    response.once('socket', () => {
      beginInTurn(act, intake.client)
    })
  }

  /** Takes no more requests of a connection. */
  leave(socket: Followed): void {
    this.#plain.delete(socket)
    socket[INTAKE]?.release()
  }

  /** Whether an answer is being sent, so that the client would take other bytes for part of it. */
  isAnswering(socket: Followed): boolean {
    const response = socket[BEGUN]
    // Node removes the socket from a response whose answer is sent
    return response?.socket === socket && response.headersSent
  }

  /** Whether a whole request has begun and is not answered. */
  isWorking(socket: Followed): boolean {
    const response = socket[BEGUN]
    return response?.socket === socket && response.req.complete
  }

  /** Whether a request of a connection waits for its turn, behind no answer. */
  isDue(socket: Followed): boolean {
    return isAwaited(socket) && socket[BEGUN]?.socket !== socket
  }

  /**
   * Closes a connection unless its next request is whole in so many milliseconds after the answer
   * that it waits for, however little comes meanwhile.
   */
  limit(socket: Followed, milliseconds: number): void {
    const before = socket[BEGUN]
    const isBody = before?.req.complete === false
    const hasCome = () => {
      const now = socket[BEGUN]
      return now?.req.complete === true && (isBody || now !== before)
    }
    const limit = () => {
      closeUnless(hasCome, socket, milliseconds)
    }
    if (before?.socket === socket && !isBody) before.once('close', limit)
    else limit()
  }
}

/** Closes a connection when its last answer is sent. Node calls it as a method of each. */
function closeSoon(this: Followed): void {
  if (this[BEGUN]?.req.complete !== false) {
    Socket.prototype.destroySoon.call(this)
    return
  }
  // Bytes that wait for a turn would hold the connection
  this[INTAKE]?.release()
  closeAnswered(this)
}

/** Closes a connection after so many milliseconds unless it may stay open then. */
function closeUnless(mayStay: () => boolean, socket: Socket, milliseconds: number): void {
  const timer = setTimeout(() => {
    if (!mayStay()) socket.destroy()
  }, milliseconds).unref()
  socket.once('close', () => {
    clearTimeout(timer)
  })
}

/** Whether something came on a connection that has not had its turn. */
export function isAwaited(socket: Followed): boolean {
  const { unread, requests } = socket[INTAKE] ?? {}
  return (unread?.length ?? 0) + (requests?.size ?? 0) > 0
}
