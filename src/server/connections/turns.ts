import { setImmediate } from 'node:timers'
import { monotonicNow } from '../../base/process.js'
import { asked, type Client, FairQueue, networkKey, worked } from './fair-queue.js'

/** Milliseconds of acts in a round of the event loop, before all other work goes on. */
export const TURN = 2

type Act = () => void

/** Acts that wait for their turn, and requests of whoever asks for much. */
const acts = new FairQueue<Act>()

/**
 * A network asks for little while `asked` counts fewer requests and connections, some 170 a second,
 * and fewer of its requests and acts wait for their turn. Neither depends on how fast it is
 * answered: else whoever is answered late would ask for more, and then be answered later.
 */
const LITTLE = 256
const MOST_WAITING = 32

/** Requests of such a network that begin in each round of the event loop. */
const PROMPT = 8

/** How many each network has begun in this round, and those that wait for the next ones. */
const begun = new Map<Client, number>()
const requests = new Map<Client, Set<Act>>()

let isTurnDue = false

function turnSoon(): void {
  if (!isTurnDue) setImmediate(takeTurn)
  isTurnDue = true
}

/**
 * Acts when it has its turn: some milliseconds of such acts, then all other work, and so on. A
 * thousand clients may want the same at once, and one may want it a thousand times.
 */
export function inTurn(act: Act, client: Client = act): void {
  acts.add(client, act)
  turnSoon()
}

/** Resolves when a client has its turn. */
export function turnOf(client: Client): Promise<void> {
  return new Promise((resolve) => {
    inTurn(resolve, client)
  })
}

/**
 * Whether a request may begin at once. A few of whoever asks for little may in each round, however
 * many others wait. Of others, nothing must wait, and there must be time.
 */
export function mayBegin(client: Client): boolean {
  const key = networkKey(client) ?? client
  if (!asksLittle(client)) return !acts.has(client) && !isTurnOver()
  const count = begun.get(key) ?? 0
  if (count === PROMPT || requests.has(key)) return false
  begun.set(key, count + 1)
  turnSoon()
  return true
}

function asksLittle(client: Client): boolean {
  const network = networkKey(client)
  return network === null || (asked.now(network) < LITTLE && acts.sizeOf(client) < MOST_WAITING)
}

/** Begins a request when it has its turn. */
export function beginInTurn(begin: Act, client: Client): void {
  if (!asksLittle(client)) {
    inTurn(begin, client)
    return
  }
  const key = networkKey(client) ?? client
  requests.set(key, (requests.get(key) ?? new Set()).add(begin))
  turnSoon()
}

/** Takes a request back that waits for its turn. */
export function leaveTurns(begin: Act, client: Client): void {
  const key = networkKey(client) ?? client
  const own = requests.get(key)
  if (own?.delete(begin) && own.size === 0) requests.delete(key)
  acts.delete(client, begin)
}

/** Bytes that usual requests have. */
const USUAL = 512

/** More acts than those of a client that keeps many connections. */
const CROWD = 256

/** Whether so many wait that clients need their turns. */
export function isCrowded(): boolean {
  return acts.size > CROWD
}

/** Counts what a client asks for: a connection, or so many bytes of requests. */
export function noteAsked(client: Client, bytes = USUAL): void {
  asked.add(networkKey(client), Math.max(1, bytes / USUAL))
}

function takeTurn(): void {
  begun.clear()
  for (const [key, all] of [...requests]) {
    const now = [...all].slice(0, PROMPT)
    begun.set(key, now.length)
    for (const begin of now) all.delete(begin)
    if (all.size === 0) requests.delete(key)
    for (const begin of now) begin()
  }
  if (acts.size > 0) takeActs(monotonicNow() + TURN)
  else endTurn()
}

function takeActs(end: number): void {
  const start = monotonicNow()
  // Work that the act resumes is part of it: ticks come when no promise is left
  queueMicrotask(() => {
    process.nextTick(() => {
      const now = monotonicNow()
      worked.add(acts.last, now - start)
      if (acts.size > 0 && now < end) takeActs(end)
      else endTurn()
    })
  })
  acts.next()?.()
}

function endTurn(): void {
  isTurnDue = false
  if (requests.size > 0 || acts.size > 0) turnSoon()
  else begun.clear()
}

/** The round of the event loop, or one a turn ago. */
let round = { isSame: false, end: 0 }

/**
 * Whether the event loop has worked for a whole turn since others had theirs, or for more turns.
 * That is found out once in a turn, because whatever waits for an immediate costs a look at all
 * connections.
 */
export function isTurnOver(turns = 1): boolean {
  const now = monotonicNow()
  if (round.isSame) return now >= round.end + (turns - 1) * TURN
  if (now < round.end) return false
  round = { isSame: true, end: now + TURN }
  setImmediate(() => {
    round.isSame = false
  })
  return false
}
