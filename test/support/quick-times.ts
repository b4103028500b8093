import type { TestContext } from 'node:test'
import { clientPatience } from '../../src/cli/open/clients.js'
import { expected } from '../../src/core/remote/read-remote.js'
import { displayPauses } from '../../src/cli/output/torrent-display.js'
import { queueTimes } from '../../src/fleet/connect.js'
import { tlsLooks } from '../../src/server/listen/tls-keys.js'
import { dhtStart } from '../../src/seeding/peer/dht.js'

/** Shortens the times of the queue in this process. */
export function hurryQueue(): void {
  Object.assign(queueTimes, {
    patience: 5000,
    look: 200,
    alone: 1500,
    silence: 4000,
    rest: 1000,
    lock: 1000,
    stalled: 300,
    backoff: 50,
  })
}

/** Shows torrents often in this process. */
export function hurryDisplay(): void {
  Object.assign(displayPauses, { terminal: 100, log: 100 })
}

/** Gives clients so many milliseconds in this process, until the test ends. */
export function hurryClients(t: TestContext, ms: number): void {
  const usual = clientPatience.ms
  clientPatience.ms = ms
  t.after(() => (clientPatience.ms = usual))
}

/** Takes each reading of a file at a URL for a long one in this process, until the test ends. */
export function readSlowly(t: TestContext): void {
  const usual = expected.unchanged
  expected.unchanged = 0
  t.after(() => (expected.unchanged = usual))
}

export const NO_NODE = '127.0.0.1:9'

/** Begins with this node of the DHT in this process, and never with the public ones. */
export function beginDhtAt(node: string): void {
  dhtStart.bootstrap = [node]
}

/** Looks at certificates often, for servers that start in this process until the test ends. */
export function hurryTls(t: TestContext): void {
  const usual = tlsLooks.period
  tlsLooks.period = 20
  t.after(() => (tlsLooks.period = usual))
}
