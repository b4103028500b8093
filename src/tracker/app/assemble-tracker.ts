import { createHmac, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { BtkitError, orClose } from '../../base/errors.js'
import { type RegularFile, readRegular } from '../../disk/look/read-bounded.js'
import { isLocal } from '../../core/remote/address-reach.js'
import type { Handler } from '../../server/connections/request-turns.js'
import type { ServerContext } from '../../server/context.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import { hiddenClients } from '../../server/exchange/hidden-clients.js'
import { openAccessLog } from '../../server/exchange/log-file.js'
import { type AccessLists, openAccessLists } from '../allowed/access-lists.js'
import type { AddressRules } from '../allowed/address-rules.js'
import { TrackerAnswers } from '../answers/tracker-answers.js'
import { makeRules } from '../answers/tracker-rules.js'
import type { TrackerSettings } from './settings.js'
import { describeTracker, TrackerFigures } from './tracker-metrics.js'
import { History, HistoryFile } from '../pages/charts/history.js'
import { FullScrape, TrackerRoutes } from '../wires/tracker-routes.js'
import { PageRoutes } from '../pages/overview/page-answer.js'
import { openPages, type TrackerPages } from '../pages/open-pages.js'
import { formatAddress } from '../swarms/peer-address.js'
import { StateFile } from '../swarms/state-file.js'
import { SwarmStore } from '../swarms/swarm-store.js'
import { ConnectionIds, ID_SECRET, UdpAnswers } from '../wires/udp-server.js'
import { infoHashOfBytes } from '../../metainfo/info-hash.js'

/** The smallest and the largest size of a shared key in bytes. */
const MIN_KEY_SIZE = 16
const MAX_KEY_SIZE = 4096

/** Start of the store's clock in seconds. Peers loaded from the state have earlier times. */
const CLOCK_START = 10_000_000

/** The largest icon for browsers, in bytes. */
const MAX_FAVICON = 1024 * 1024

/** The outside world of the tracker: clocks, warnings, log. */
export interface TrackerWorld extends ServerContext {
  /** Writes lines of the access log if no log file is set. */
  readonly writeLog: (lines: string) => void
}

/** All objects of a tracker that does not listen yet. */
export interface AssembledTracker {
  readonly memory: TrackerMemory
  readonly lists: AccessLists
  readonly access: Awaited<ReturnType<typeof openAccessLog>>
  /** Trades peers with other trackers; null if swarms are not shared. */
  readonly shared: Awaited<ReturnType<typeof openExchange>>
  readonly entrances: ReturnType<typeof openEntrances>
  readonly search: TrackerPages['search']
  readonly close: () => Promise<void>
}

/**
 * Reads all files that the tracker needs and creates its objects. Changes nothing on disk except
 * the log, which is opened.
 * @throws BtkitError if something cannot be read or the log cannot be opened
 */
export async function assembleTracker(
  settings: TrackerSettings,
  world: TrackerWorld,
): Promise<AssembledTracker> {
  const { warn, onError } = world
  const { favicon: path } = settings
  const icon = path === null ? null : await readRegular(path, MAX_FAVICON, null)
  const memory = openMemory(settings, world)
  const access = await openAccessLog(settings, world)
  return orClose(access.close, async () => {
    const { store } = memory
    // Announces are answered between steps
    const onAddresses = async ({ permits }: AddressRules) => {
      const isRefused = (address: Uint8Array) => !permits(formatAddress(address))
      for (const _ of store.removeWhere(isRefused)) await setImmediate()
    }
    const lists = await openAccessLists(settings.allowed, { warn, onError, onAddresses })
    const ids = await connectionIds(settings.store?.keyFile ?? null, world)
    const shared = await openExchange(settings, world, { memory, lists })
    const pages = openPages({ ...world, ...memory, torrents: lists.torrents, settings })
    const parts = { memory, lists, access, shared }
    const entrances = openEntrances(settings, world, { ...parts, icon, ids, pages })
    const close = async () => {
      await shared?.close()
      lists.close()
      await access.close()
    }
    return { ...parts, entrances, search: pages.search, close }
  })
}

/**
 * The swarms and charts that a tracker has after a restart, and the files in which they are kept.
 */
interface TrackerMemory {
  readonly store: SwarmStore
  /** Returns seconds on the store's clock. */
  readonly clock: () => number
  readonly state: StateFile
  readonly history: History
  readonly historyFile: HistoryFile
}

function openMemory({ limits, stateFile }: TrackerSettings, world: TrackerWorld): TrackerMemory {
  const clock = () => CLOCK_START + world.monotonic() / 1000
  const store = new SwarmStore(limits, clock)
  const state = new StateFile(stateFile, store, world)
  const history = new History()
  const historyFile = new HistoryFile(`${stateFile}.history`, history, world)
  return { store, clock, state, history, historyFile }
}

/** The ways on which requests come to one decision: HTTP with its pages, and UDP. */
function openEntrances(
  settings: TrackerSettings,
  { monotonic, warn, onError }: TrackerWorld,
  parts: Pick<AssembledTracker, 'memory' | 'lists' | 'access' | 'shared'> & {
    readonly icon: RegularFile | null
    readonly ids: Awaited<ReturnType<typeof connectionIds>>
    readonly pages: TrackerPages
  },
) {
  const { clientAddresses } = settings
  const { memory, lists, access, shared, icon, ids, pages } = parts
  const { store } = memory
  const figures = new TrackerFigures()
  const rules = makeRules(settings.answers, lists, store)
  const answers = new TrackerAnswers(store, rules)
  const note = figures.of('http')
  const routes = new TrackerRoutes({
    answers,
    fullScrape: new FullScrape(answers, monotonic),
    addressOf: clientAddresses.of,
    isOwnRequest: (request) => clientAddresses.isOwnRequest(request),
    onError,
    note,
  })
  const pageRoutes = new PageRoutes({
    ...settings,
    pages: pages.answer,
    favicon: icon?.bytes ?? null,
    describe: () => describeTracker(figures, memory, { lists, shared }),
    addressOf: clientAddresses.of,
    permits: lists.addresses.permits,
    onError,
  })
  const exchanges = new Exchanges(
    (exchange) => {
      access.log.note(exchange)
    },
    { monotonic },
  )
  const isLogged = settings.logFormat !== 'off'
  const noteHidden = hiddenClients(clientAddresses, isLocal, warn)
  const handler: Handler = (request, response) => {
    noteHidden(request)
    if (isLogged) exchanges.begin(request, response)
    if (routes.handle(request, response)) return
    note('page')
    pageRoutes.handle(request, response)
  }
  return {
    answers,
    handler,
    exchanges,
    udp: new UdpAnswers(answers, ...ids, figures.of('udp'), onError),
  }
}

/**
 * Opens the exchange with other trackers; null without a Redis. Only then is the client of Redis
 * loaded.
 */
async function openExchange(
  { store: shared }: TrackerSettings,
  { warn, onError }: TrackerWorld,
  { memory, lists }: Pick<AssembledTracker, 'memory' | 'lists'>,
) {
  if (shared === null) return null
  const { PeerExchange } = await import('../other-trackers/peer-exchange.js')
  const { torrents, addresses } = lists
  return new PeerExchange({
    address: shared.address,
    store: memory.store,
    allows: (infoHash) => {
      const hash = infoHashOfBytes(infoHash)
      const isKnown = torrents.isOpen || torrents.torrents.get(hash)?.failure === null
      return isKnown && !torrents.banned.has(hash)
    },
    permits: (bytes) => addresses.permits(formatAddress(bytes)),
    now: memory.clock,
    warn,
    onError,
  })
}

/**
 * The connection ids of UDP, and their clock in seconds. Trackers with the same key accept each
 * other's ids, and so need a common clock.
 * @throws BtkitError if the key cannot be read or is too short
 */
async function connectionIds(keyFile: string | null, { now, monotonic }: TrackerWorld) {
  if (keyFile === null) {
    return [new ConnectionIds(randomBytes(ID_SECRET)), () => monotonic() / 1000] as const
  }
  const file = await readRegular(keyFile, MAX_KEY_SIZE, null)
  const text = Buffer.from(file?.bytes ?? []).toString('latin1')
  if (text.trimEnd().length < MIN_KEY_SIZE) {
    const why = `the key is too short; use at least ${MIN_KEY_SIZE} bytes`
    throw new BtkitError('usage', `${keyFile}: ${why}`)
  }
  const [key = ''] = text.split(/\s/)
  const secret = createHmac('sha256', key).update('btkit connection ids').digest()
  return [new ConnectionIds(secret), () => now() / 1000] as const
}
