import type { Socket } from 'node:net'
import type { KeyOf } from './connections.js'

const MIB = 1024 * 1024

/**
 * Most bytes of unread responses in memory, of all clients together and of one. A client may exceed
 * its own by one response, however large that is.
 */
const LIMITS = { all: 40 * MIB, perClient: 16 * MIB }

/** Bytes of a body that are read at a time: more are not faster. */
export const LARGEST_PART = 256 * 1024
const SMALLEST_PART = 4 * 1024

/** Parts that must fit into what is left. */
const PARTS = 8

/** A response, or a connection. */
interface Holder {
  readonly closed: boolean
  readonly once: (event: 'close', act: () => void) => unknown
  readonly destroy: () => unknown
}

/** Bytes in memory for one response. */
interface Held {
  /** The whole body, which other responses may share; null if it is not kept as a whole. */
  readonly body: Uint8Array | null
  /** Bytes of the response alone that the system has not accepted. */
  readonly waiting: number
}

/**
 * The unread responses of a client. A connection that many clients share is a client of its own.
 */
interface Client {
  readonly held: Map<Holder, Held>
  bytes: number
}

/**
 * Counts the bytes of responses that clients have not read. Without it, clients that ask for large
 * responses and read nothing use up the memory. Beyond the limits, the client that has most loses
 * its newest response, and its connection with it.
 */
export class UnreadBytes {
  readonly #clients = new Map<string | Socket, Client>()
  /** The kept bodies, each with the number of its responses. */
  readonly #bodies = new Map<Uint8Array, number>()
  /** Bytes in memory for unread responses; those that share a body count it once. */
  bytes = 0

  /** `keyOf` returns the key of a connection's client; null if many clients share it. */
  constructor(
    private readonly keyOf: KeyOf,
    private readonly limits = LIMITS,
  ) {}

  /**
   * Whether a connection's client may get no further response until it has read others. While all
   * have nearly too much, this is each client that has not read something: making a response for
   * it costs more than to refuse it.
   */
  isFull(socket: Socket): boolean {
    // The usual case: everything is read, and nobody's key has to be found
    if (this.bytes === 0) return false
    const bytes = this.#bytesOf(socket)
    return bytes >= this.limits.perClient || (bytes > 0 && this.bytes >= 0.75 * this.limits.all)
  }

  /**
   * Bytes of a body to read from disk at a time for a connection: fewer while slow readers hold
   * much memory, so that eight such parts fit into what is left of half the limits.
   */
  partFor(socket: Socket): number {
    const { all, perClient } = this.limits
    const own = this.bytes === 0 ? 0 : this.#bytesOf(socket)
    const left = Math.min(all / 2 - this.bytes, perClient / 2 - own)
    let part = LARGEST_PART
    while (part > SMALLEST_PART && PARTS * part > left) part /= 2
    return part
  }

  /** Sets what a response holds, and closes connections if that is too much. */
  hold(response: Holder, socket: Socket, held: Held): void {
    // It would never be released
    if (response.closed) return
    const key = this.keyOf(socket) ?? socket
    const client: Client = this.#clients.get(key) ?? { held: new Map(), bytes: 0 }
    const before = client.held.get(response)
    if (!before && client.bytes >= this.limits.perClient) {
      response.destroy()
      return
    }
    if (!before) {
      response.once('close', () => {
        this.#release(key, response)
      })
    }
    this.#clients.set(key, client)
    this.#forget(client, before)
    client.held.set(response, held)
    client.bytes += held.waiting + (held.body?.length ?? 0)
    this.bytes += held.waiting
    if (held.body) this.#keep(held.body)
    while (this.bytes > this.limits.all && this.#closeOne());
  }

  /** Bytes in memory for unread responses of a client. */
  of(client: string | Socket): number {
    return this.#clients.get(client)?.bytes ?? 0
  }

  #bytesOf(socket: Socket): number {
    return this.of(this.keyOf(socket) ?? socket)
  }

  #release(key: string | Socket, response: Holder): void {
    const client = this.#clients.get(key)
    this.#forget(client, client?.held.get(response))
    client?.held.delete(response)
    if (client?.held.size === 0) this.#clients.delete(key)
  }

  #keep(body: Uint8Array): void {
    const count = this.#bodies.get(body) ?? 0
    if (count === 0) this.bytes += body.length
    this.#bodies.set(body, count + 1)
  }

  #forget(client: Client | undefined, held: Held | undefined): void {
    if (!client || !held) return
    const { body, waiting } = held
    client.bytes -= waiting + (body?.length ?? 0)
    this.bytes -= waiting
    if (!body) return
    const count = (this.#bodies.get(body) ?? 1) - 1
    if (count > 0) this.#bodies.set(body, count)
    else if (this.#bodies.delete(body)) this.bytes -= body.length
  }

  /** Closes the newest response with bytes of the client with most; false if there is none. */
  #closeOne(): boolean {
    let most: [string | Socket, Client] | undefined
    for (const entry of this.#clients) if (entry[1].bytes > (most?.[1].bytes ?? 0)) most = entry
    if (!most) return false
    const [newest] = [...most[1].held].findLast(([, held]) => held.body ?? held.waiting > 0) ?? []
    if (!newest) return false
    this.#release(most[0], newest)
    newest.destroy()
    return true
  }
}
