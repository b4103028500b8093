import type { Server } from 'node:http'
import { connectionsTaken } from '../../web/connections.js'

/** How many connections more than another a thread may have before it lets the others go first. */
const MARGIN = 4

/** Milliseconds for which it does. */
const PAUSE = 0.05

/**
 * Keeps the connections of threads that listen on one socket about even. All of them hear of new
 * connections, and whoever is awake would take all that there are: who has more than another waits
 * a moment before it takes the next.
 */
export function shareConnections(server: Server, connections: Int32Array, thread: number): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  connectionsTaken(server).follow({
    come: () => {
      const own = Atomics.add(connections, thread, 1) + 1
      if (own > fewest(connections) + MARGIN) Atomics.wait(nothing, 0, 0, PAUSE)
    },
    gone: () => Atomics.sub(connections, thread, 1),
  })
}

function fewest(connections: Int32Array): number {
  let least = Infinity
  for (let at = 0; at < connections.length; at += 1) {
    least = Math.min(least, Atomics.load(connections, at))
  }
  return least
}
