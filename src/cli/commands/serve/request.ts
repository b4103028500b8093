import { constants, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BtkitError, usageError } from '../../../base/errors.js'
import { mayAccess, statIfThere } from '../../../disk/look/stat-files.js'
import { RESERVED } from '../../../mirror/tree/mirror.js'
import type { ListenPlace } from '../../../server/listen/open-server.js'
import { ClientAddresses } from '../../../server/connections/client-address.js'
import { FIXED_LIMITS, type OwnTracker, type ServiceOptions } from '../../../mirror/options.js'
import {
  bareHost,
  passedPlaces,
  placesAt,
  socketsPassed,
  warnOfIgnored,
} from '../../open/server.js'
import { requireDirectory } from '../../line/operands.js'
import { machineAddress } from '../../output/addresses.js'
import { Report } from '../../output/report.js'
import type { Io } from '../../io.js'
import { version } from '../../../base/process.js'
import { announceUrlAt, checkTracker } from '../../../metainfo/trackers.js'
import { NoTrackers, type TrackersWanted } from '../../../mirror/torrents/trackers.js'
import {
  hasPath,
  isSecureUrl,
  SERVE_PORT,
  TRACKER_PORT,
  TRACKERS_FILE,
  type ServeOptions,
} from './options.js'

/** The name of the tracker's sockets in the service manager. */
const OF_TRACKER = 'tracker'

/**
 * Translates the command line into the options of the service.
 * @throws BtkitError if the root is not a directory, or may not be entered
 */
export function serviceOptions(root: string, options: ServeOptions, io: Io): ServiceOptions {
  const { followSymlinks, hidden, webSeed, files, listings, warm, maxWait: wait } = options
  const path = requireDirectory(resolve(io.cwd, root))
  const why = "permission denied; let btkit's user read and enter it"
  if (!mayAccess(path, constants.X_OK)) throw new BtkitError('not-permitted', `${root}: ${why}`)
  // Its files are served by their paths
  if (!mayAccess(path, constants.R_OK)) new Report({}, io).alert(`${root}: not listed: ${why}`)
  if (existsSync(join(path, RESERVED))) {
    new Report({}, io).alert(
      `${join(root, RESERVED)}: not served, because /-/ is reserved for the service; rename it, or link to it by another name`,
    )
  }
  if (!files && options.publicUrl === undefined && options.trustProxy.length === 0) {
    const why = 'the web seed of each torrent is this server, which serves no files'
    new Report({}, io).alert(`--no-files: ${why}; give the address of the files with --public-url`)
  }
  // All threads but one read, so that file lookups need not wait for downloads
  const threads = Number(io.env['UV_THREADPOOL_SIZE']) || FILE_THREADS
  return {
    version: version(),
    mirror: { root: path, hidden, followSymlinks },
    publicUrl: options.publicUrl ?? null,
    webSeeds: webSeed.map((url) => url.replace(/\/+$/, '')),
    pieceLength: options.pieceLength,
    minAge: options.minAge,
    torrents: options.torrents.map((each) => requireDirectory(resolve(io.cwd, each))),
    files,
    listings,
    siteName: options.siteName ?? null,
    look: {},
    cors: options.cors,
    clientAddresses: new ClientAddresses(options.trustProxy, new Report({}, io).alert),
    limits: { ...FIXED_LIMITS, wait, maxReads: Math.max(1, threads - 1) },
    warm: warm.length === 0 ? null : { patterns: warm, maxRate: options.maxRate ?? null },
    ownTracker: null,
    seed: null,
  }
}

/** Node's default number of threads for file operations. */
const FILE_THREADS = 4

/**
 * Where to listen: on the sockets passed to this process, else at the given hosts.
 * @throws BtkitError if a passed socket is not for HTTP
 */
export function listenPlaces(options: ServeOptions, io: Io): ListenPlace[] {
  const { host, port } = options
  const { service: sockets, tracker } = sharedSockets(options, io)
  // If only the service or only the tracker has passed sockets, the other listens at the hosts
  const isAtHosts = options.track !== undefined && !tracker
  const given = { host: isAtHosts ? [] : host, port }
  if (sockets) warnOfIgnored(sockets, given, SERVE_PORT, io)
  const other = sockets?.find(({ kind }) => kind === 'udp')
  if (other)
    throw usageError(`LISTEN_FDS: ${other.fd} is a UDP socket; pass a TCP socket, or give --track`)
  if (sockets) return passedPlaces(sockets)
  return placesAt(host.length > 0 ? host : ['127.0.0.1'], port, io)
}

/**
 * The trackers that the command line asks for.
 * @throws BtkitError `usage`
 */
export function trackersWanted(options: ServeOptions, io: Io): TrackersWanted {
  const { tracker, trackerless, trackers } = options
  const own = ownAnnounce(options, io)
  if (own) return { urls: [own.url, ...tracker] }
  if (trackerless || tracker.length > 0) return { urls: tracker }
  if (trackers !== undefined) return { path: resolve(io.cwd, trackers) }
  return statIfThere(TRACKERS_FILE) ? { path: TRACKERS_FILE } : { urls: [] }
}

/** The announce URL of the tracker in this process, and whether it uses TLS. */
interface OwnAnnounce extends Pick<OwnTracker, 'url' | 'announceAt'> {
  readonly isSecure: boolean
  /** Whether a proxy has that address, and the tracker listens at the usual port. */
  readonly isProxied?: boolean
}

/**
 * The announce URL of `--track`, null without it. If no URL is given, the tracker is at the host of
 * `--public-url`, or else at the one by which each client reaches the mirror. Its port is that of a
 * socket passed for it, or else the usual one.
 * @throws BtkitError `usage` if no port is known
 */
export function ownAnnounce(options: ServeOptions, io: Io): OwnAnnounce | null {
  const { track, publicUrl, tlsCert, host } = options
  if (track === undefined) return null
  const isSecure = tlsCert !== undefined
  if (track !== true) {
    const isHttps = isSecureUrl(track) !== false
    const isProxied = hasPath(track) !== false || (isHttps && !isSecure)
    return { url: track, isSecure: isHttps && !isProxied, isProxied, announceAt: null }
  }
  const scheme = isSecure ? 'https' : 'http'
  const { tracker: sockets } = sharedSockets(options, io)
  const portOf = (kind: 'tcp' | 'udp') => {
    return sockets
      ? (sockets.find((each) => each.kind === kind)?.port ?? null)
      : (options.trackPort ?? TRACKER_PORT)
  }
  const [port, udpPort] = [portOf('tcp'), portOf('udp')]
  if (port === null) throw usageError(NO_TCP)
  const announceAt = (address: string) => announceUrlAt(new URL(address), scheme, port)
  if (publicUrl !== undefined) return { url: announceAt(publicUrl), isSecure, announceAt: null }
  // The seed announces here: over UDP, which needs no certificate for this address
  const way =
    udpPort === null ? `${scheme}://${ownHost(host)}:${port}` : `udp://${ownHost(host)}:${udpPort}`
  return { url: checkTracker(`${way}/announce`), isSecure, announceAt }
}

const NO_TCP =
  '--track: the service manager passed no TCP socket for the tracker; give its announce URL'

/**
 * The host at which this machine reaches its tracker. A seed that announces from a loopback address
 * is sent to no other machine, so an address in the network comes first.
 */
function ownHost(hosts: readonly string[]): string {
  const [host = '::'] = hosts.filter((each) => !each.includes('/')).map(bareHost)
  if (host === '::' || host === '0.0.0.0') return machineAddress()
  return host.includes(':') ? `[${host}]` : host
}

/** Adds the helpful options to the error about missing trackers. */
export function nameTrackerOptions(error: unknown): unknown {
  if (!(error instanceof NoTrackers)) return error
  const ways = 'give --trackers FILE, --tracker URL or --trackerless'
  return usageError(`${error.message}; ${ways}`, { cause: error })
}

/**
 * Divides the passed sockets between the service and its tracker; null for none.
 * @throws BtkitError if a socket cannot be used
 */
export function sharedSockets({ track }: Pick<ServeOptions, 'track'>, io: Io) {
  const own = (isTracker: boolean) => {
    const sockets = (socketsPassed(io) ?? []).filter(({ name }) => {
      return (track !== undefined && name === OF_TRACKER) === isTracker
    })
    return sockets.length === 0 ? null : sockets
  }
  return { service: own(false), tracker: own(true) }
}
