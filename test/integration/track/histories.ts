import type { AnnounceFields } from '../../tracker/wires/packets.js'

/** One announce of a history. */
export interface Step {
  readonly torrent: string
  /** A number that stands for the peer's address. */
  readonly host: number
  readonly port: number
  readonly peer: string
  readonly isSeed: boolean
  /** As UDP spells it (BEP 15). */
  readonly event: NonNullable<AnnounceFields['event']>
}

const Event = { none: 0, completed: 1, started: 2, stopped: 3 } as const

export const STARTED = Event.started
export const STOPPED = Event.stopped

/** How many histories go on at the same time. */
const AT_ONCE = 400
const MOST_STEPS = 8

export interface HistoriesWish {
  readonly count: number
  readonly torrents: readonly string[]
  readonly hosts: number
  /** Gives unsigned integers of 32 bits. */
  readonly random: () => number
}

/** The steps of many histories, mixed with each other at random. */
export function* mixHistories(wish: HistoriesWish): Generator<Step> {
  const under: Generator<Step, void>[] = []
  let begun = 0
  while (begun < wish.count || under.length > 0) {
    while (under.length < AT_ONCE && begun < wish.count) under.push(history(wish, begun++))
    const at = wish.random() % under.length
    const next = under[at]!.next()
    if (next.done === true) under.splice(at, 1)
    else yield next.value
  }
}

/**
 * One peer's history: it starts as leecher or seed, goes on, completes (or reports that), becomes a
 * leecher again, starts again without stopping, and stops or disappears.
 */
function* history(
  { torrents, hosts, random }: HistoriesWish,
  number: number,
): Generator<Step, void> {
  const place = {
    torrent: torrents[random() % torrents.length]!,
    host: random() % hosts,
    port: 1024 + number,
  }
  let isSeed = random() % 4 === 0
  let peer = `peer ${number}`
  const step = (event: Step['event']): Step => ({ ...place, peer, isSeed, event })
  yield step(Event.started)
  for (let left = random() % MOST_STEPS; left > 0; left -= 1) {
    switch (random() % 8) {
      case 0:
      case 1:
        isSeed = true
        yield step(Event.completed)
        break
      case 2:
        // It says so, and something is left
        yield step(Event.completed)
        break
      case 3:
        isSeed = false
        yield step(Event.none)
        break
      case 4:
        peer = `${peer} anew`
        yield step(Event.started)
        break
      case 5:
        yield step(Event.stopped)
        break
      default:
        yield step(Event.none)
    }
  }
  if (random() % 10 < 6) yield step(Event.stopped)
}
