import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionFollower, KeyOf } from './connections.js'
import type { CountedResponse } from './counted-response.js'
import { Intake, type Taker } from './intake.js'
import { inTurn } from './turns.js'
import { UnreadBytes } from './unread-bytes.js'

/** Properties of the socket, because a map would get an entry for each request. */
const BEGUN = Symbol('begun')
const AWAITED = Symbol('awaited')
const INTAKE = Symbol('intake')

interface Followed extends Socket {
  /** The last response that was started. */
  [BEGUN]?: CountedResponse
  /** The response behind which another request waits. */
  [AWAITED]?: CountedResponse
  [INTAKE]?: Intake<Followed>
}

/** A request that was not read. */
type LeftRequest = Pick<IncomingMessage, 'socket' | 'headers' | 'method' | 'url'>

const REQUEST_LINE = /^(\S+) (\S+) HTTP/

export type Handler = (request: IncomingMessage, response: CountedResponse) => void

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Most bytes of a head or a body that are taken in one turn. */
const PORTION = 16 * 1024

/** Most bytes that wait of all clients together. Beyond, the client with the most gives way. */
const MOST_WAITING = 32 * 1024 * 1024

/** Milliseconds for the answer to a client that has closed its side. */
const HALF_OPEN = 2000

/**
 * Takes the requests of a server's connections one after the other, in turns of clients. Answers
 * clients that close their side after their requests, as `nc -N` does. A client that has left looks
 * the same, so its connection is closed if the answer does not begin soon.
 */
export class RequestTurns implements ConnectionFollower {
  readonly #taker: Taker<Followed>

  /**
   * `unread` counts what clients have not read of all responses. `onLeft` receives requests that
   * had not begun when their connection closed.
   */
  constructor(
    private readonly keyOf: KeyOf,
    private readonly unread: UnreadBytes,
    private readonly onLeft: (request: LeftRequest) => void,
  ) {
    const waiting = new UnreadBytes(keyOf, { all: MOST_WAITING, perClient: MOST_WAITING })
    const count = (bytes: number, socket: Followed) => {
      waiting.hold(socket, socket, { body: null, waiting: bytes })
    }
    this.#taker = { portionOf, count }
  }

  readonly come = (socket: Followed): void => {
    socket[INTAKE] = new Intake(socket, this.keyOf(socket) ?? socket, this.#taker)
    socket.once('end', () => {
      const timer = setTimeout(() => {
        if (!this.isAnswering(socket)) socket.destroy()
      }, HALF_OPEN).unref()
      socket.once('close', () => {
        clearTimeout(timer)
      })
    })
  }

  readonly gone = (socket: Followed): void => {
    const { unread, client } = socket[INTAKE] ?? {}
    if (!unread || unread.length === 0) return
    inTurn(() => {
      for (const head of unread.toString('latin1').split('\r\n\r\n').slice(0, -1)) {
        const [, method, url] = REQUEST_LINE.exec(head) ?? []
        if (url !== undefined) this.onLeft({ socket, headers: {}, method, url })
      }
    }, client)
  }

  /**
   * Makes a handler that begins a request only after the answers before it are sent; `refuse` gets
   * one of a client that has too much to read. A request that has begun owns the connection, so its
   * response emits `close` when the client leaves.
   */
  inTurn(handler: Handler, refuse: Handler): Handler {
    const handle: Handler = (request, response) => {
      const socket: Followed = request.socket
      if (response.socket) {
        socket[BEGUN] = response
        response.unread = this.unread
        response.client = socket[INTAKE]?.client ?? socket
        if (this.unread.isFull(socket)) refuse(request, response)
        else handler(request, response)
        return
      }
      // It came in a portion of the body before. At the event, Node has not finished the answer
      response.once('socket', () =>
        setImmediate(() => {
          if (!socket.destroyed) handle(request, response)
        }),
      )
    }
    return handle
  }

  /** Leaves a connection to another protocol, and returns what came for that. */
  leave(socket: Followed): Buffer {
    return socket[INTAKE]?.release() ?? Buffer.alloc(0)
  }

  /** Whether an answer is being sent, so that the client would take other bytes for part of it. */
  isAnswering(socket: Followed): boolean {
    const response = socket[BEGUN]
    // Node removes the socket from a response whose answer is sent
    return response?.socket === socket && response.headersSent
  }

  /** Whether the newest request came before the one before it was answered. */
  isHasty(socket: Followed): boolean {
    const response = socket[BEGUN]
    return response?.socket === socket || (response !== undefined && socket[AWAITED] === response)
  }

  /** Whether bytes of a connection wait for their turn. */
  isAwaited(socket: Followed): boolean {
    return (socket[INTAKE]?.unread.length ?? 0) > 0
  }
}

/** The next head, or a part of a body; nothing behind a request that has no whole answer yet. */
function portionOf(bytes: Buffer, socket: Followed): number {
  const response = socket[BEGUN]
  if (response?.socket === socket) {
    const { complete, readableLength, readableHighWaterMark } = response.req
    if (complete) goOnAfter(response, socket)
    // Node resumes the connection when a part of the body was read
    if (complete || readableLength >= readableHighWaterMark) return 0
  }
  const end = bytes.indexOf(END_OF_HEAD)
  return Math.min(end === -1 ? bytes.length : end + END_OF_HEAD.length, PORTION)
}

function goOnAfter(response: CountedResponse, socket: Followed): void {
  if (socket[AWAITED] === response) return
  socket[AWAITED] = response
  response.once('close', () => {
    socket[INTAKE]?.goOn()
  })
}
