import { closeSync } from 'node:fs'
import { type Server, Socket } from 'node:net'
import { setImmediate } from 'node:timers'
import { loadNative } from '../../base/native-addon.js'
import { type ConnectionPeer, isReset, type KeyOf } from './connections.js'
import { FairQueue } from './fair-queue.js'
import { monotonicNow } from '../../base/process.js'
import { noteAsked, TURN } from './turns.js'

/** The native addon's function: descriptors and addresses in turn; see native/waiting.h. */
interface AcceptAddon {
  acceptWaiting(listener: number, most: number): (number | string)[]
  limitUnsent(listener: number, bytes: number): void
}

const addon = loadNative<AcceptAddon>('acceptWaiting', 'limitUnsent')

/**
 * Bytes that the system holds of a connection before they are sent. Else it holds megabytes for
 * each slow client: of a thousand downloads, their copies took three times the processor time, and
 * others waited a second.
 */
const MOST_UNSENT = 128 * 1024

/** Most connections that are taken in a turn, 5 to 10 ms, and that wait here. */
const MOST_TAKEN = 1024
const MOST_WAITING = 16 * 1024

/** The places for connections. */
interface Places {
  /** How many are left for those that wait. */
  readonly left: () => number
  /** Whether there is one for another connection of a client. */
  readonly hasRoom: (client: string | null) => boolean
}

/** The event of a server that is about to close. */
export const CLOSING = 'closing'

/**
 * The connections of a server that wait to begin. Node accepts one in each turn of the event loop,
 * the oldest first: whoever opens thousands would keep all others waiting for seconds. Here all are
 * taken at once, and their networks and clients have turns. Without the native addon none is.
 */
export class AcceptQueue {
  /** Their descriptors; first is whoever has fewest. */
  readonly #waiting = new FairQueue<number, string | null>((_, waiting) => waiting)
  #isDue = false
  /** Whether one of them may begin; all of clients at their limits wait until one closes. */
  #hasMore = false
  /** The descriptor of the server's TCP socket; null if it has none. */
  #listener: number | null = null

  constructor(
    private readonly server: Server,
    private readonly keyOf: KeyOf<ConnectionPeer>,
    private readonly places: Places,
  ) {
    if (!addon) return
    server.on('listening', () => {
      this.#listener = listenerOf(server)
      if (this.#listener !== null) addon.limitUnsent(this.#listener, MOST_UNSENT)
    })
    // If one came, others may wait
    server.on('connection', this.#turnSoon)
    // Waiting connections were accepted before, and nobody else would answer them
    server.once(CLOSING, () => {
      for (let next = this.#waiting.next(); next !== undefined; next = this.#waiting.next())
        this.#connect(next)
    })
  }

  readonly #turnSoon = (): void => {
    if (!this.#isDue) setImmediate(this.#turn)
    this.#isDue = true
  }

  readonly #turn = (): void => {
    if (this.#waiting.size > 0) this.#begin()
    this.#isDue = false
    if (addon && this.server.listening && this.#listener !== null) {
      const taken = addon.acceptWaiting(this.#listener, MOST_TAKEN)
      for (let i = 0; i < taken.length; i += 2)
        this.#add(taken[i] as number, taken[i + 1] as string)
    }
    if (this.#waiting.size > 0 && this.#hasMore) this.#turnSoon()
  }

  /** Lets connections begin for which a place was given back. */
  readonly goOn = (): void => {
    if (this.#waiting.size > 0) this.#turnSoon()
  }

  /** Begins connections until their time is over. */
  #begin(): void {
    const end = monotonicNow() + TURN
    do {
      const next = this.#waiting.next(undefined, this.places.hasRoom)
      this.#hasMore = next !== undefined
      if (next === undefined) return
      this.#connect(next)
    } while (this.#waiting.size > 0 && monotonicNow() < end)
  }

  /** Does what Node does with a connection that it has accepted. */
  #connect(fd: number): void {
    const { allowHalfOpen = false, noDelay = false } = this.server as ServerSettings
    const socket = new Socket({ fd, allowHalfOpen, readable: true, writable: true })
    // To prepare it for requests would cost more
    if (isReset(socket)) {
      socket.destroy()
      return
    }
    if (noDelay) socket.setNoDelay(true)
    this.server.emit('connection', socket)
  }

  #add(descriptor: number, remoteAddress: string): void {
    const client = this.keyOf({ remoteAddress })
    noteAsked(client)
    if (this.#waiting.size >= Math.min(MOST_WAITING, this.places.left())) {
      const newest = this.#waiting.dropFor(client)
      closeSync(newest ?? descriptor)
      if (newest === undefined) return
    }
    this.#waiting.add(client, descriptor)
    this.#hasMore = true
  }
}

/** A server's settings for its connections, which Node's types don't know. */
type ServerSettings = Server & { readonly allowHalfOpen?: boolean; readonly noDelay?: boolean }

/** The descriptor of a server's TCP socket; null if it has none. Node has no public name for it. */
function listenerOf(server: Server): number | null {
  const address = server.address()
  // A Unix socket has its path, or null if the service manager passed it
  if (address === null || typeof address === 'string') return null
  const { _handle: handle } = server as { _handle?: { readonly fd?: number } | null }
  return handle?.fd ?? null
}
