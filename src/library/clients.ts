import { dirname, resolve } from 'node:path'
import { parseClientAddress, type ClientAddress } from '../seeding/clients/address.js'
import { connectClient } from '../seeding/clients/connect.js'
import {
  askTrackers,
  type ScrapedTorrent,
  type TrackerAnswer,
} from '../seeding/trackers/ask-trackers.js'
import type { HashContext } from '../core/digests/hash-content.js'
import { clientInfoHash, type ClientTorrent, type TorrentClient } from '../core/publish/client.js'
import { remoteDirectory, type DataPrefix, dataProblem } from '../core/publish/local-data.js'
import { publishTorrents as publish, type PublishOutcome } from '../core/publish/publish.js'
import type { PublishRequest } from '../core/publish/hand-over.js'
import { waitingFor } from '../core/publish/wait-for.js'
import { withdrawTorrents as withdraw, type WithdrawOutcome } from '../core/publish/withdraw.js'
import { verifyTorrents } from '../core/verify/verify-torrents.js'
import { BtkitError, refuseAborted } from '../base/errors.js'
import type { InfoHash, InfoHashes } from '../metainfo/values.js'
import { looksLikeMagnet, parseMagnet, type MagnetLink } from '../metainfo/magnet.js'
import { announceUrls, checkTracker } from '../metainfo/trackers.js'
import { readInfoHash, readInfoHashV2, swarmHashes } from '../metainfo/info-hash.js'
import { monotonicNow } from '../base/process.js'
import { requireArray } from '../base/require.js'
import { labelOf, readInput, type ReadOptions, type TorrentInput } from './read.js'
import { type Running, startTask, type Task, withHashContext, type WorkOptions } from './task.js'

/** Options of calls to a client that seeds. */
export interface ClientOptions extends ReadOptions, CallOptions {
  /** Whether to change nothing; the outcomes are what would happen (default: false). */
  readonly dryRun?: boolean | undefined
}

/** Options of all calls of a client. */
export interface CallOptions {
  /** Milliseconds that the client has for an answer (default: 30,000). */
  readonly timeout?: number | undefined
  /** Ends the work when it aborts: the promise rejects with BtkitError `interrupted`. */
  readonly signal?: AbortSignal | undefined
}

/** Options for publishing torrents. */
export interface PublishOptions extends ClientOptions, WorkOptions {
  /**
   * Directory with the content, under the torrents' names, or a function that returns it for a
   * torrent (default: that of each .torrent).
   */
  readonly data?: string | ((torrent: TorrentInput) => string) | undefined
  /** Directories that the client has elsewhere (default: none). */
  readonly dataPrefixes?: readonly DataPrefix[] | undefined
  /**
   * Whether to assume that the client finds the data, if it cannot report that (default: false).
   */
  readonly trustDataPath?: boolean | undefined
  /** The category in qBittorrent, or the label in Transmission, of torrents that are added. */
  readonly category?: string | undefined
  /** Whether to read the content, and not only compare its sizes (default: true). */
  readonly checkHashes?: boolean | undefined
  /** Milliseconds to wait while the client checks the data (default: 60,000). */
  readonly wait?: number | undefined
}

/** Milliseconds that a client may take to answer after an interruption. */
const LAST_CALL = 3000

/**
 * Makes a client seed torrents whose content is whole, and adds them without hashing again. The
 * client is a URL as for the command, such as `transmission+http://user:password@127.0.0.1:9091`.
 * The outcomes are in the order of the torrents; content that is not whole is one of them.
 * @throws BtkitError `usage` for a bad URL, `unreachable` or `client` if the client does not answer
 *   or refuses, those of readTorrent, and `interrupted`
 */
export function publishTorrents(
  torrents: readonly TorrentInput[],
  client: string | ClientAddress,
  options: PublishOptions = {},
): Task<PublishOutcome[]> {
  return startTask(options, async (signal, tell) => {
    requireArray(torrents, 'torrents')
    const address = addressOf(client)
    const contents = torrents.map((torrent) => contentOf(torrent, options))
    const outcomes = await refuseDamaged(contents, options, { signal, tell })
    const whole = contents.filter((each) => !outcomes.has(each))
    const published = await publish(connect(address, { ...options, signal }), whole, {
      dryRun: options.dryRun ?? false,
      isLocal: address.isLocal,
      trustsDirectories: options.trustDataPath ?? false,
      category: options.category,
      waiting: waitingFor(options.wait ?? 60_000, { monotonic: monotonicNow, signal }),
      lastCalls: connect(address, { timeout: LAST_CALL }),
    })
    for (const [i, each] of whole.entries()) {
      const outcome = published[i]
      if (outcome) outcomes.set(each, outcome)
    }
    return contents.flatMap((each) => outcomes.get(each) ?? [])
  })
}

/** A torrent, and the directory on this machine that holds its content. */
interface Content extends PublishRequest {
  readonly localDirectory: string
}

function contentOf(torrent: TorrentInput, options: PublishOptions): Content {
  const { dataPrefixes = [] } = options
  const data = typeof options.data === 'function' ? options.data(torrent) : options.data
  const metainfo = readInput(torrent, options)
  const place = data ?? (typeof torrent === 'string' ? dirname(torrent) : null)
  if (place === null) throw new BtkitError('usage', `${metainfo.name}: give data, its directory`)
  const localDirectory = resolve(place)
  const directory = remoteDirectory(localDirectory, dataPrefixes)
  return { torrent: labelOf(torrent, metainfo), metainfo, directory, localDirectory }
}

/** Checks contents. Returns the outcomes of those that cannot be seeded. */
async function refuseDamaged(
  contents: readonly Content[],
  options: PublishOptions,
  { signal, tell }: Pick<Running, 'signal' | 'tell'>,
): Promise<Map<Content, PublishOutcome>> {
  const bytesTotal = contents.reduce((sum, { metainfo }) => sum + metainfo.size, 0)
  let before = 0
  const running: Running = {
    signal,
    tell: (progress) => {
      tell({ ...progress, bytesDone: before + progress.bytesDone })
    },
    bytesTotal: () => bytesTotal,
  }
  const outcomes = new Map<Content, PublishOutcome>()
  const check = async (context: HashContext, content: Content) => {
    const { torrent, metainfo, localDirectory } = content
    const run = {
      places: [{ torrent, path: localDirectory, byName: true }],
      checkHashes: options.checkHashes ?? true,
      extra: false,
      read: () => Promise.resolve(metainfo),
    }
    for await (const checked of verifyTorrents(run, context)) {
      const problem = checked.error ?? dataProblem(metainfo, checked.report)?.of(torrent)
      if (!problem) continue
      const { message: reason } = problem
      const code = problem instanceof BtkitError ? problem.code : null
      const infoHash = clientInfoHash(metainfo)
      outcomes.set(content, { torrent, infoHash, status: 'failed', reason, code })
    }
    before += metainfo.size
    tell({ bytesDone: before, bytesTotal, path: torrent })
  }
  await withHashContext(options, running, async (context) => {
    for (const content of contents) await check(context, content)
  })
  return outcomes
}

/** Info hashes as a program may have stored them. */
type StoredHashes = Readonly<Record<keyof InfoHashes, string | null>>

/**
 * Removes torrents from a client that btkit published, and no others. Data is never removed. The
 * outcomes are in the order of the torrents.
 * @throws BtkitError as publishTorrents, and `usage` for a text that is no info hash
 */
export async function withdrawTorrents(
  torrents: readonly (TorrentInput | StoredHashes)[],
  client: string | ClientAddress,
  options: ClientOptions = {},
): Promise<WithdrawOutcome[]> {
  await Promise.resolve()
  refuseAborted(options.signal)
  requireArray(torrents, 'torrents')
  const infoHashes = torrents.map((torrent) => {
    const isKnown = torrent instanceof Object && 'infoHash' in torrent
    return isKnown ? hashOf(torrent) : clientInfoHash(readInput(torrent, options))
  })
  const { dryRun = false } = options
  return withdraw(connect(addressOf(client), options), infoHashes, { dryRun })
}

/** @throws BtkitError `usage` if neither is an info hash */
function hashOf({ infoHash, infoHashV2 }: StoredHashes): InfoHash {
  const [hash] = swarmHashes({
    infoHash: infoHash ? readInfoHash(infoHash) : null,
    infoHashV2: infoHashV2 ? readInfoHashV2(infoHashV2) : null,
  })
  if (hash !== undefined) return hash
  const why = 'not 40 hexadecimal digits, or 64 of version 2'
  throw new BtkitError('usage', `info hash '${infoHash ?? infoHashV2 ?? ''}': ${why}`)
}

/**
 * Returns all torrents in a client; `isMarked` says whether btkit published them.
 * @throws BtkitError as publishTorrents
 */
export async function listTorrents(
  client: string,
  options: CallOptions = {},
): Promise<readonly ClientTorrent[]> {
  await Promise.resolve()
  refuseAborted(options.signal)
  return connect(addressOf(client), options).list()
}

function addressOf(client: string | ClientAddress): ClientAddress {
  if (typeof client === 'string') return parseClientAddress(client)
  if (client instanceof Object && 'kind' in client) return client
  throw new BtkitError('usage', 'client: not a URL; give a string')
}

function connect(
  address: ClientAddress,
  { timeout = 30_000, signal = new AbortController().signal }: CallOptions,
): TorrentClient {
  return connectClient(address, { timeoutMs: timeout, signal })
}

/** Options for asking trackers. */
export interface ScrapeOptions extends ReadOptions {
  /** Announce URLs of the trackers to ask (default: those of each torrent). */
  readonly trackers?: readonly string[] | undefined
  /** Milliseconds that a tracker has for an answer (default: 10,000). */
  readonly timeout?: number | undefined
}

/**
 * Asks the trackers of torrents and magnet links for their seeds and leechers, over HTTP and UDP.
 * Each tracker is asked once about all torrents. Returns for each torrent the answers of its
 * trackers, in their order. A tracker that fails is an answer with an `error`.
 * @throws BtkitError `usage` for a bad URL or link, those of readTorrent, and `interrupted`
 */
export async function scrapeTorrents(
  torrents: readonly (TorrentInput | MagnetLink)[],
  options: ScrapeOptions = {},
): Promise<TrackerAnswer[][]> {
  await Promise.resolve()
  const { timeout = 10_000, signal = new AbortController().signal } = options
  refuseAborted(signal)
  requireArray(torrents, 'torrents')
  const own = options.trackers?.map(checkTracker)
  const asked = torrents.map((torrent) => askedOf(torrent, own, options))
  const answers = await askTrackers(asked, timeout, signal)
  refuseAborted(signal)
  return asked.map(answers)
}

function askedOf(
  torrent: TorrentInput | MagnetLink,
  trackers: readonly string[] | undefined,
  options: ScrapeOptions,
): ScrapedTorrent {
  const found = linkOf(torrent) ?? readInput(torrent as TorrentInput, options)
  const urls = trackers ?? ('trackers' in found ? found.trackers : announceUrls(found))
  const named = [...new Set(urls)].filter((url) => url !== '')
  return { name: '', infoHash: clientInfoHash(found), trackers: named }
}

function linkOf(torrent: TorrentInput | MagnetLink): MagnetLink | null {
  if (typeof torrent === 'string') return looksLikeMagnet(torrent) ? parseMagnet(torrent) : null
  return torrent instanceof Object && 'trackers' in torrent ? torrent : null
}
