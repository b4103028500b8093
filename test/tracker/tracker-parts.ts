import { type IncomingMessage, createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { CountedResponse } from '../../src/server/connections/counted-response.js'
import { TrackerAnswers } from '../../src/tracker/answers/tracker-answers.js'
import type { TrackerRules } from '../../src/tracker/answers/tracker-rules.js'
import { FullScrape, TrackerRoutes } from '../../src/tracker/wires/tracker-routes.js'
import type { StoreLimits } from '../../src/tracker/swarms/swarm-types.js'
import {
  ConnectionIds,
  ID_SECRET,
  UdpAnswers,
  openUdp,
} from '../../src/tracker/wires/udp-server.js'
import { pseudoRandom } from '../support/pseudo-random.js'
import { makeStore } from './swarms/store.js'
import { listenLocally } from '../support/listen.js'

const OPEN: TrackerRules = {
  settled: () => Promise.resolve(false),
  interval: 1800,
  minInterval: 300,
  responseSize: 50,
  maxGive: 200,
  allowsFullForm: true,
  scrape: 'full',
  permits: () => true,
  known: () => new Map(),
  judge: () => null,
  isStarting: () => false,
  resolve: ({ client }) => client,
}

export interface PartsWish {
  readonly rules?: Partial<TrackerRules>
  readonly limits?: Partial<StoreLimits>
  readonly isOwnRequest?: () => boolean
}

/** Answers for a test, with a clock that the test sets. */
export function makeAnswers({
  rules = {},
  limits = {},
  isOwnRequest = () => true,
}: PartsWish = {}) {
  const { store, clock } = makeStore(limits)
  const answers = new TrackerAnswers(store, { ...OPEN, ...rules })
  const noted: string[] = []
  const note = (answered: string) => {
    noted.push(answered)
  }
  const failures: unknown[] = []
  const onError = (error: unknown) => failures.push(error)
  const ids = new ConnectionIds(pseudoRandom(ID_SECRET))
  const udp = new UdpAnswers(answers, ids, () => clock.now, note, onError)
  const fullScrape = new FullScrape(answers, () => 1000 * clock.now)
  const addressOf = ({ socket }: IncomingMessage) => socket.remoteAddress ?? null
  const routes = new TrackerRoutes({
    ...{ answers, onError },
    fullScrape,
    addressOf,
    isOwnRequest,
    note,
  })
  return { store, clock, answers, udp, routes, fullScrape, noted, failures, onError }
}

/** A tracker over HTTP and UDP on loopback, at the same port if that is free. */
export async function startTracker(
  t: TestContext,
  { host = '127.0.0.1', ...wish }: PartsWish & { host?: string } = {},
) {
  const parts = makeAnswers(wish)
  const server = createServer({ ServerResponse: CountedResponse }, (request, response) => {
    if (!parts.routes.handle(request, response)) response.writeHead(404).end()
  })
  const port = await listenLocally(t, server, host)
  const udp = await openUdp({ host, port: 0 }, parts.udp, parts)
  t.after(() => udp.close())
  const name = host.includes(':') ? `[${host}]` : host
  const httpUrl = `http://${name}:${port}`
  const udpPort = Number(udp.address.split(':').at(-1))
  return { ...parts, httpUrl, udpUrl: `udp://${name}:${udpPort}`, udpPort }
}
