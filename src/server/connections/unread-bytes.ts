import type { Socket } from 'node:net'
import type { KeyOf } from './connections.js'

const MIB = 1024 * 1024

/**
 * Most bytes of unread responses in memory, of all clients together and of one. A client may exceed
 * its own by a single response, however large that is.
 */
const LIMITS = { all: 40 * MIB, perClient: 16 * MIB }

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

/** The unread responses of a client: that of which something was read last is the last one. */
interface Client {
  readonly held: Map<Holder, Held>
  bytes: number
}

/**
 * Counts the bytes of responses that clients have not read. Without it, clients that ask for large
 * responses and read nothing use up the memory. Beyond the limits, the client that has most loses
 * the response of which it has read nothing for longest, and its connection with it. A connection
 * that many clients share is a client of its own.
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

  /** Sets what a response holds after something of it was read, and closes what is too much. */
  hold(response: Holder, socket: Socket, held: Held): void {
    // It would never be released
    if (response.closed) return
    const key = this.keyOf(socket) ?? socket
    const client = this.#clients.get(key) ?? { held: new Map<Holder, Held>(), bytes: 0 }
    if (client.held.has(response)) {
      this.#forget(client, response)
    } else {
      response.once('close', () => {
        this.#release(key, response)
      })
    }
    this.#clients.set(key, client)
    client.held.set(response, held)
    client.bytes += held.waiting + (held.body?.length ?? 0)
    this.bytes += held.waiting
    if (held.body) this.#keep(held.body)
    while (client.bytes > this.limits.perClient && client.held.size > 1) this.#closeOf(key, client)
    while (this.bytes > this.limits.all && this.#closeOne());
  }

  #release(key: string | Socket, response: Holder): void {
    const client = this.#clients.get(key)
    if (!client) return
    this.#forget(client, response)
    if (client.held.size === 0) this.#clients.delete(key)
  }

  #keep(body: Uint8Array): void {
    const count = this.#bodies.get(body) ?? 0
    if (count === 0) this.bytes += body.length
    this.#bodies.set(body, count + 1)
  }

  #forget(client: Client, response: Holder): void {
    const { body = null, waiting = 0 } = client.held.get(response) ?? {}
    client.held.delete(response)
    client.bytes -= waiting + (body?.length ?? 0)
    this.bytes -= waiting
    if (!body) return
    const count = (this.#bodies.get(body) ?? 1) - 1
    if (count > 0) this.#bodies.set(body, count)
    else if (this.#bodies.delete(body)) this.bytes -= body.length
  }

  /** Closes a response of the client that has most; false if nobody has anything. */
  #closeOne(): boolean {
    let most: [string | Socket, Client] | undefined
    for (const entry of this.#clients) if (entry[1].bytes > (most?.[1].bytes ?? 0)) most = entry
    if (!most) return false
    this.#closeOf(...most)
    return true
  }

  /** Closes the response of a client of which nothing was read for longest. */
  #closeOf(key: string | Socket, { held }: Client): void {
    for (const [response, { body, waiting }] of held) {
      if (!body && waiting === 0) continue
      this.#release(key, response)
      response.destroy()
      return
    }
  }
}
