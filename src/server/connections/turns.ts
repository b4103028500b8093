import { setImmediate } from 'node:timers'
import { monotonicNow } from '../../base/process.js'
import { networkOf } from './client-address.js'

/** Milliseconds that such work may keep the event loop before all other work has its turn. */
export const TURN = 4

/** Milliseconds of work that each network may have in a round. */
const ROUND = 0.1

/** A client's key; null for all that are not known. Anything else has turns of its own. */
export type Client = string | object | null

/** The things of a network, or of a client without one, by client; the next one's turn is first. */
interface Network<T> {
  readonly clients: Map<Client, T[]>
  /** Milliseconds of work for it, less those of its rounds. */
  debt: number
}

/**
 * Things that wait for their turn, those of a client in their order. Networks have turns, and in
 * each its clients: whoever has a /48 of IPv6 can be thousands of clients. A network that comes
 * while others wait is first, and one whose work took long misses turns.
 */
export class FairQueue<T> {
  /** Networks without a turn since they came, and those that had one. */
  readonly #fresh = new Map<Client, Network<T>>()
  readonly #known = new Map<Client, Network<T>>()
  /** The network that had the last turn. */
  last: Network<T> | undefined
  size = 0

  /** Whether something of a client waits. */
  has(client: Client): boolean {
    return this.#find(client)?.clients.has(client) === true
  }

  add(client: Client, thing: T): void {
    let network = this.#find(client)
    if (!network) {
      network = { clients: new Map(), debt: 0 }
      this.#fresh.set(networkKey(client), network)
    }
    const own = network.clients.get(client)
    if (own) own.push(thing)
    else network.clients.set(client, [thing])
    this.size++
  }

  /** Removes the thing whose turn it is, of those that may have one. */
  next(mayHave?: (thing: T) => boolean): T | undefined {
    for (const networks of [this.#fresh, this.#known]) {
      for (const [key, network] of networks) {
        const isLate = network.debt >= ROUND
        const thing = isLate ? undefined : this.#take(network, mayHave)
        if (isLate) network.debt -= ROUND
        if (isLate || thing !== undefined || network.clients.size === 0) networks.delete(key)
        // The last from now on
        if (isLate || thing !== undefined) this.#known.set(key, network)
        if (thing === undefined) continue
        if (this.size === 0) this.#known.clear()
        this.last = network
        return thing
      }
    }
    return undefined
  }

  #take({ clients }: Network<T>, mayHave?: (thing: T) => boolean): T | undefined {
    for (const [client, things] of clients) {
      const at = mayHave ? things.findIndex(mayHave) : 0
      if (at === -1) continue
      const [thing] = things.splice(at, 1)
      clients.delete(client)
      if (things.length > 0) clients.set(client, things)
      this.size--
      return thing
    }
    return undefined
  }

  /** Removes a thing of a client, if it still waits. */
  delete(client: Client, thing: T): void {
    const network = this.#find(client)
    const things = network?.clients.get(client) ?? []
    const at = things.indexOf(thing)
    if (at === -1) return
    things.splice(at, 1)
    this.size--
    if (things.length === 0) network?.clients.delete(client)
  }

  all(): T[] {
    return this.#networks().flatMap(({ clients }) => [...clients.values()].flat())
  }

  /** Removes the newest of those that have most, if a comer has fewer. */
  dropFor(comer: Client): T | undefined {
    const own = this.#find(comer)?.clients ?? new Map<Client, T[]>()
    const ownSize = sizeOf(own)
    let [most, mostSize] = [own, ownSize]
    for (const { clients } of this.#networks()) {
      const size = sizeOf(clients)
      if (size > mostSize) [most, mostSize] = [clients, size]
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

  #find(client: Client): Network<T> | undefined {
    const key = networkKey(client)
    return this.#fresh.get(key) ?? this.#known.get(key)
  }

  #networks(): Network<T>[] {
    return [...this.#fresh.values(), ...this.#known.values()]
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

/** Milliseconds between two questions how long the process has worked. */
const LOOK = 1

/**
 * The work of this process since a moment. Time in which the system runs other programs does not
 * count: then clients would get little of their turns. Nor does that of threads that hash.
 */
export class Stint {
  readonly #before = processorTime()
  #time = 0
  #next: number

  constructor(private readonly begun = monotonicNow()) {
    this.#next = begun + LOOK
  }

  /** Milliseconds that it took, at most one less. */
  time(now = monotonicNow()): number {
    if (now < this.#next) return this.#time
    this.#next = now + LOOK
    return (this.#time = Math.min(processorTime() - this.#before, now - this.begun))
  }
}

/** Milliseconds that all threads of this process have worked. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
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

/** Takes an act of a client back that waits for its turn. */
export function leaveTurns(act: () => void, client: Client): void {
  waiting.delete(client, act)
}

function takeTurn(): void {
  const now = monotonicNow()
  actNext(new Stint(now), now)
}

function actNext(work: Stint, begun: number): void {
  // Work that the act resumes is part of it: ticks come when no promise is left
  queueMicrotask(() => {
    process.nextTick(endAct, work, begun)
  })
  waiting.next()?.()
}

function endAct(work: Stint, begun: number): void {
  const now = monotonicNow()
  // The system may have run another program meanwhile
  if (waiting.last) waiting.last.debt = Math.min(TURN, waiting.last.debt + now - begun)
  isTurnDue = waiting.size > 0
  if (isTurnDue && work.time(now) < TURN) actNext(work, now)
  else if (isTurnDue) setImmediate(takeTurn)
}

/** Resolves when a client has its turn. */
export function turnOf(client: Client): Promise<void> {
  return new Promise((resolve) => {
    inTurn(resolve, client)
  })
}

/** Begins work when its client has its turn. */
export async function workInTurn<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await turnOf(client)
  return work()
}

/**
 * Whether what a client wants may be done at once: nothing of it waits, and the event loop has
 * time.
 */
export function mayActNow(client: Client): boolean {
  return (waiting.size === 0 || !waiting.has(client)) && !isTurnOver()
}

/** The round of the event loop, or one a turn ago. */
let round = { isSame: false, end: 0, work: new Stint() }

/**
 * Whether the event loop has worked for a whole turn since others had theirs, or for more turns.
 * That is found out once in a turn, because whatever waits for an immediate costs a look at all
 * connections.
 */
export function isTurnOver(turns = 1): boolean {
  const now = monotonicNow()
  if (round.isSame) return round.work.time(now) >= turns * TURN
  if (now < round.end) return false
  round = { isSame: true, end: now + TURN, work: new Stint(now) }
  setImmediate(() => {
    round.isSame = false
  })
  return false
}
