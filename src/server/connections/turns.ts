import { setImmediate } from 'node:timers'
import { monotonicNow } from '../../base/process.js'
import { networkOf } from './client-address.js'

/** Milliseconds that such work may keep the event loop before all other work has its turn. */
export const TURN = 4

/** A client's key; null for all that are not known. Anything else has turns of its own. */
type Client = string | object | null

/**
 * Things that wait for their turn, those of a client in their order. Networks have turns, and in
 * each its clients: whoever has a /48 of IPv6 can be thousands of clients.
 */
export class FairQueue<T> {
  /** The things of networks, or clients without one, by client; the next one's turn is first. */
  readonly #networks = new Map<Client, Map<Client, T[]>>()
  size = 0

  /** Whether something of a client waits. */
  has(client: Client): boolean {
    return this.#networks.get(networkKey(client))?.has(client) ?? false
  }

  add(client: Client, thing: T): void {
    const key = networkKey(client)
    const network = this.#networks.get(key) ?? new Map<Client, T[]>()
    const own = network.get(client) ?? []
    own.push(thing)
    this.#networks.set(key, network.set(client, own))
    this.size++
  }

  /** Removes the thing whose turn it is, of those that may have one. */
  next(mayHave?: (thing: T) => boolean): T | undefined {
    for (const network of this.#networks.values()) {
      for (const [client, things] of network) {
        const thing = mayHave ? things.find(mayHave) : things[0]
        if (thing === undefined) continue
        // The client and its network are the last from now on
        this.#networks.delete(networkKey(client))
        this.#networks.set(networkKey(client), network)
        network.delete(client)
        network.set(client, things)
        this.delete(client, thing)
        return thing
      }
    }
    return undefined
  }

  /** Removes a thing of a client, if it still waits. */
  delete(client: Client, thing: T): void {
    const key = networkKey(client)
    const network = this.#networks.get(key)
    const things = network?.get(client) ?? []
    const at = things.indexOf(thing)
    if (at === -1) return
    things.splice(at, 1)
    this.size--
    if (things.length > 0) return
    network?.delete(client)
    if (network?.size === 0) this.#networks.delete(key)
  }

  all(): T[] {
    return [...this.#networks.values()].flatMap((network) => [...network.values()].flat())
  }

  /** Removes the newest of those that have most, if a comer has fewer. */
  dropFor(comer: Client): T | undefined {
    const own = this.#networks.get(networkKey(comer)) ?? new Map<Client, T[]>()
    const ownSize = sizeOf(own)
    let [most, mostSize] = [own, ownSize]
    for (const each of this.#networks.values()) {
      const size = sizeOf(each)
      if (size > mostSize) [most, mostSize] = [each, size]
    }
    const isOther = mostSize > ownSize + 1
    if (!isOther) most = own
    let [client, things]: [Client, T[]] = [null, []]
    for (const each of most) if (each[1].length > things.length) [client, things] = each
    if (!isOther && things.length <= (own.get(comer)?.length ?? 0) + 1) return undefined
    if (things.length === 1) most.delete(client)
    this.size--
    return things.pop()
  }
}

function networkKey(client: Client): Client {
  return (typeof client === 'string' ? networkOf(client) : null) ?? client
}

function sizeOf(network: Map<Client, unknown[]>): number {
  let size = 0
  for (const { length } of network.values()) size += length
  return size
}

/** The acts that wait for a turn. */
const waiting = new FairQueue<() => void>()
let isTurnDue = false

/**
 * Acts when it has its turn: some milliseconds of such acts, then all other work, and so on. A
 * thousand clients may want the same at once, and one may want it a thousand times.
 */
export function inTurn(act: () => void, client: Client = act): void {
  waiting.add(client, act)
  if (!isTurnDue) setImmediate(takeTurn)
  isTurnDue = true
}

/**
 * Whether what a client wants may be done at once: nothing of it waits, and the event loop has
 * time.
 */
export function mayActNow(client: Client): boolean {
  return !waiting.has(client) && !isTurnOver()
}

function takeTurn(): void {
  const end = monotonicNow() + TURN
  do waiting.next()?.()
  while (waiting.size > 0 && monotonicNow() < end)
  isTurnDue = waiting.size > 0
  if (isTurnDue) setImmediate(takeTurn)
}

let turnEnd = Infinity

/** Whether the event loop has worked for a whole turn since this was first asked in it. */
export function isTurnOver(): boolean {
  const now = monotonicNow()
  if (turnEnd !== Infinity) return now >= turnEnd
  turnEnd = now + TURN
  setImmediate(() => {
    turnEnd = Infinity
  })
  return false
}
