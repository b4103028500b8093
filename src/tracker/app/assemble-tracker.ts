import { createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../../base/errors.js'
import { readRegular } from '../../disk/look/read-bounded.js'
import { originForm } from '../../server/headers/target.js'
import { isLocal } from '../../base/address-reach.js'
import { connectionLimits, maxDescriptors } from '../../server/connections/connection-limits.js'
import type { Handler } from '../../server/connections/pipeline-queue.js'
import type { ServerContext } from '../../server/context.js'
import { Exchanges } from '../../server/exchange/exchanges.js'
import { openAccessLog } from '../../server/exchange/log-file.js'
import type { SearchResults, TorrentsWanted } from '../../page-parts/results.js'
import { withStyle } from '../../page-parts/policy.js'
import { counter, formatMetrics, gauge, type Metric, type Sample } from '../../base/text/metrics.js'
import { type AccessLists, type AllowedSettings, openAccessLists } from '../allowed/access-lists.js'
import type { AddressRules } from '../allowed/address-rules.js'
import type { TorrentList } from '../allowed/torrent-list.js'
import { TrackerAnswers } from '../answers/tracker-answers.js'
import { makeRules } from '../answers/tracker-rules.js'
import { type TrackerSettings, WEB_CONNECTIONS } from './settings.js'
import { Catalogue } from '../pages/catalogue/catalogue.js'
import { History, HistoryFile } from '../pages/charts/history.js'
import { FullScrape, TrackerRoutes } from '../wires/tracker-routes.js'
import {
  answerUnknown,
  type PageAnswer,
  type PageRequest,
  PageRoutes,
  PageTurns,
} from '../pages/overview/page-answer.js'
import { type PageOptions, Pages } from '../pages/overview/pages.js'
import { siteFor } from '../pages/overview/site.js'
import { formatAddress } from '../swarms/peer-address.js'
import { StateFile } from '../swarms/state-file.js'
import { SwarmStore } from '../swarms/swarm-store.js'
import type { StoreTotals } from '../swarms/swarm-types.js'
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
export type AssembledTracker = Awaited<ReturnType<typeof assembleTracker>>

/**
 * Reads all files that the tracker needs and creates its objects. Changes nothing on disk except the
 * log, which is opened.
 * @throws BtkitError if something cannot be read or the log cannot be opened
 */
export async function assembleTracker(settings: TrackerSettings, world: TrackerWorld) {
  const { now, monotonic, warn, onError } = world
  const { clientAddresses, stateFile } = settings
  const favicon = await readFavicon(settings.favicon)
  const clock = () => CLOCK_START + Math.floor(monotonic() / 1000)
  const store = new SwarmStore(settings.limits, clock)
  const state = new StateFile(stateFile, store, world)
  await state.load()
  const history = new History()
  const historyFile = new HistoryFile(`${stateFile}.history`, history, world)
  await historyFile.load()
  const access = await openAccessLog(settings, world)
  try {
    const admitted = await openAccessLists(settings.allowed, {
      warn,
      onError,
      onAddresses: (addresses) => removeRefused(store, addresses),
    })
    const { torrents, addresses } = admitted
    const { secret, idClock } = await connectionIds(settings.store?.keyFile ?? null, world)
    const shared = await openExchange(settings, world, { store, admitted, clock })
    const figures = new TrackerFigures()
    const rules = makeRules(settings.answers, admitted, (hash) => store.scrape(hash) !== null)
    const answers = new TrackerAnswers(store, rules)
    const { of: addressOf } = clientAddresses
    const note = figures.of('http')
    const routes = new TrackerRoutes({
      answers,
      fullScrape: new FullScrape(answers, monotonic),
      addressOf,
      isOwnRequest: ownRequests(clientAddresses, warn),
      onError,
      note,
    })
    const pages = openPages({ settings, store, torrents, history, now, monotonic })
    const pageRoutes = new PageRoutes({
      pages: pages.answer,
      favicon,
      describe: () => {
        const knownTorrents = torrents.torrents.size
        return formatMetrics(trackerMetrics(store.totals(), figures, knownTorrents, state, shared))
      },
      publicUrl: settings.publicUrl,
      prefix: settings.prefix,
      webTorrent: settings.webTorrent,
      addressOf,
      permits: addresses.permits,
      onError,
    })
    const udp = new UdpAnswers(
      answers,
      new ConnectionIds(secret),
      idClock,
      figures.of('udp'),
      onError,
    )
    const webTorrent = settings.webTorrent
      ? new (await import('../wires/web-torrent.js')).WebTorrent({
          answers,
          clientAddresses,
          monotonic,
          onError,
          limits: connectionLimits(WEB_CONNECTIONS, clientAddresses, maxDescriptors()),
          peerTimeout: settings.limits.peerTimeout,
          note: figures.of('ws'),
        })
      : null
    const exchanges = new Exchanges(
      (exchange) => {
        access.log.note(exchange)
      },
      { monotonic },
    )
    const isLogged = settings.logFormat !== 'off'
    const handler: Handler = (request, response) => {
      if (isLogged) exchanges.begin(request, response)
      request.url = originForm(request.url ?? '')
      if (routes.handle(request, response)) return
      note('page')
      pageRoutes.handle(request, response)
    }
    const close = async () => {
      await shared?.close()
      admitted.close()
      await access.close()
    }
    const kept = { store, state, history, historyFile, access, admitted, shared }
    return { ...kept, handler, exchanges, udp, webTorrent, close, search: pages.search }
  } catch (error) {
    await access.close()
    throw error
  }
}

/** Removes the peers whose addresses may not ask. Announces are answered between steps. */
async function removeRefused(store: SwarmStore, addresses: AddressRules): Promise<void> {
  const isRefused = (address: Uint8Array) => !addresses.permits(formatAddress(address))
  for (const _ of store.removeWhere(isRefused)) await setImmediate()
}

/** The pages for people. */
interface TrackerPages {
  readonly answer: (request: PageRequest) => Promise<PageAnswer>
  /** Finds torrents for the page of a search that is not the tracker's. */
  readonly search: (wanted: TorrentsWanted) => Promise<SearchResults>
}

/** Opens the pages for people. */
export function openPages(parts: {
  readonly settings: Pick<TrackerSettings, 'version' | 'look'> & {
    readonly page: PageOptions
    readonly allowed: Pick<AllowedSettings, 'directories' | 'archives' | 'isFed'>
  }
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  readonly torrents: TorrentList
  readonly history: Pick<History, 'samples'>
  readonly now: () => number
  readonly monotonic: () => number
}): TrackerPages {
  const { page: options, version, allowed, look } = parts.settings
  const { directories, archives, isFed } = allowed
  const site = {
    hasCatalogue:
      options.catalogue !== 'off' && options.showNames && (directories.length > 0 || isFed),
    hasArchive: archives.length > 0,
    hasList: options.redirect === null,
    name: options.siteName ?? 'btkit',
    ...look,
    mirror: options.mirror,
  }
  const roots = [
    ...directories.map((path) => ({ path, isArchive: false })),
    ...archives.map((path) => ({ path, isArchive: true })),
  ]
  const sources = { ...parts, options, version, site, turns: new PageTurns() }
  const catalogue = new Catalogue(sources, roots)
  const pages = new Pages(sources)
  const answer = async (given: PageRequest) => {
    // A page without the torrents that are still read would be wrong
    await parts.torrents.started()
    const request = { ...given, site: siteFor(site, given.announceUrls) }
    const found = (await catalogue.answer(request)) ?? (await pages.answer(request))
    const page = found?.status === 404 ? null : found
    const answered = page ?? answerUnknown(options.showInfoPage, request)
    return { ...answered, headers: withStyle(answered.headers, look) }
  }
  return { answer, search: (wanted) => catalogue.search(wanted) }
}

/** Tells which requests clients sent directly. Warns once if a nearby proxy hides its clients. */
function ownRequests(
  clients: TrackerSettings['clientAddresses'],
  warn: (message: string) => void,
): (request: IncomingMessage) => boolean {
  let hasWarned = false
  return (request) => {
    const isOwn = clients.isOwnRequest(request)
    const client =
      isOwn || hasWarned || clients.isFromProxy(request) ? undefined : clients.of(request)
    if (client === null || (client !== undefined && isLocal(client))) {
      hasWarned = true
      const needed = `X-Forwarded-For from it, and --trust-proxy ${client ?? 'unix'}`
      warn(
        `clients of the proxy at ${client ?? 'a Unix socket'} look like one client; they need ${needed}`,
      )
    }
    return isOwn
  }
}

/**
 * Opens the exchange with other trackers; null without a Redis. Only then is the client of Redis
 * loaded.
 */
async function openExchange(
  { store: shared }: TrackerSettings,
  { warn, onError }: TrackerWorld,
  own: {
    readonly store: SwarmStore
    readonly admitted: AccessLists
    readonly clock: () => number
  },
) {
  if (shared === null) return null
  const { PeerExchange } = await import('../other-trackers/peer-exchange.js')
  const { torrents, addresses } = own.admitted
  return new PeerExchange({
    address: shared.address,
    store: own.store,
    allows: (infoHash) => {
      const hash = infoHashOfBytes(infoHash)
      const isKnown = torrents.isOpen || torrents.torrents.get(hash)?.failure === null
      return isKnown && !torrents.banned.has(hash)
    },
    permits: (bytes) => addresses.permits(formatAddress(bytes)),
    now: own.clock,
    warn,
    onError,
  })
}

/**
 * The secret and the clock in seconds of UDP connection ids. Trackers with the same key accept each
 * other's ids, and so need a common clock.
 * @throws BtkitError if the key cannot be read or is too short
 */
async function connectionIds(keyFile: string | null, { now, monotonic }: TrackerWorld) {
  if (keyFile === null) {
    return { secret: randomBytes(ID_SECRET), idClock: () => monotonic() / 1000 }
  }
  const file = await readRegular(keyFile, MAX_KEY_SIZE, null)
  const text = Buffer.from(file?.bytes ?? []).toString('latin1')
  if (text.trimEnd().length < MIN_KEY_SIZE) {
    const why = `the key is too short; use at least ${MIN_KEY_SIZE} bytes`
    throw new BtkitError('usage', `${keyFile}: ${why}`)
  }
  const [key = ''] = text.split(/\s/)
  const secret = createHmac('sha256', key).update('btkit connection ids').digest()
  return { secret, idClock: () => now() / 1000 }
}

async function readFavicon(path: string | null): Promise<Uint8Array | null> {
  return path === null ? null : ((await readRegular(path, MAX_FAVICON, null))?.bytes ?? null)
}

/** Kinds of answers. */
type Answered = 'connect' | 'announce' | 'scrape' | 'refusal' | 'page'

const NO_ANSWERS = { connect: 0, announce: 0, scrape: 0, refusal: 0, page: 0 }

/** Counts answers by protocol and kind. */
class TrackerFigures {
  readonly #counts = { http: { ...NO_ANSWERS }, udp: { ...NO_ANSWERS }, ws: { ...NO_ANSWERS } }

  /** Returns a function that counts the answers of a protocol. */
  of(protocol: 'http' | 'udp' | 'ws'): (answered: Answered) => void {
    const counts = this.#counts[protocol]
    return (answered) => {
      counts[answered] += 1
    }
  }

  /** The counters above zero, labeled with protocol and kind. */
  samples(): Sample[] {
    const samples = Object.entries(this.#counts).flatMap(([protocol, counts]) => {
      return Object.entries(counts).map(([answered, value]) => {
        return { labels: { protocol, answered }, value }
      })
    })
    return samples.filter(({ value }) => value > 0)
  }
}

/** How a tracker stands to the Redis through which trackers share swarms. */
interface SharedFigures {
  readonly isJoined: boolean
  /** How often Redis was gone. */
  readonly failures: number
}

/**
 * The tracker's metrics. `knownTorrents` is the number of torrents known from a file or a list;
 * `shared` is null if swarms are not shared.
 */
function trackerMetrics(
  totals: StoreTotals,
  figures: TrackerFigures,
  knownTorrents: number,
  state: Pick<StateFile, 'savedAt' | 'failures'>,
  shared: SharedFigures | null,
): Metric[] {
  const savedAt = state.savedAt / 1000
  return [
    counter('btkit_track_answers_total', 'Requests answered.', figures.samples()),
    gauge('btkit_track_swarms', 'Torrents with a swarm.', totals.swarms),
    gauge('btkit_track_peers', 'Peers in all swarms.', totals.peers),
    gauge('btkit_track_seeds', 'Peers that have the whole torrent.', totals.seeds),
    gauge('btkit_track_known_torrents', 'Info hashes that are allowed by name.', knownTorrents),
    gauge('btkit_track_saved_timestamp_seconds', 'When the state was last saved.', savedAt),
    counter(
      'btkit_track_save_failures_total',
      'How often the state could not be saved.',
      state.failures,
    ),
    ...(shared === null ? [] : sharedMetrics(shared)),
    gauge('process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()),
  ]
}

function sharedMetrics({ isJoined, failures }: SharedFigures): Metric[] {
  const isShared = isJoined ? 1 : 0
  const failed = 'How often the Redis of --store was gone.'
  return [
    gauge('btkit_track_store_up', 'Whether swarms are shared through Redis now.', isShared),
    counter('btkit_track_store_failures_total', failed, failures),
  ]
}
