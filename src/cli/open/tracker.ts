import { join, resolve } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { callSystem, usageError, valueOr } from '../../errors.js'
import { statIfThere } from '../../files/stat-files.js'
import { requireOwnDirectory } from '../../state/files.js'
import { makeDirectory, stateDirectory } from '../../directories.js'
import type { StoreLimits } from '../../tracker/swarms/swarm-types.js'
import type { AnswerSettings } from '../../tracker/answers/tracker-rules.js'
import type { TrackerSettings } from '../../tracker/app/settings.js'
import { ClientAddresses } from '../../server/connections/client-address.js'
import type { PassedSocket } from '../../server/listen/passed-sockets.js'
import { bareHost, passedPlaces, placesAt } from './server.js'
import { redisAddress } from './share.js'
import type { Io } from '../io.js'
import { reportWarning, warningsTo } from '../output/messages.js'
import { version } from '../../process.js'
import type { TrackOptions } from '../options/tracker.js'

/** The files of bans in the state directory. */
export const BANNED_IPS = 'banned-ips'
export const BANNED_TORRENTS = 'banned-torrents'

/**
 * Translates the command line into the settings of the tracker. If there are sockets, it listens on
 * these instead of hosts.
 * @throws BtkitError
 */
export function trackerSettings(
  options: TrackOptions,
  io: Io,
  sockets: readonly PassedSocket[] | null,
): TrackerSettings {
  const file = (path: string | undefined) => (path ? resolve(io.cwd, path) : null)
  const toStdout = options.logFile === '-'
  return {
    ...placesOf(options, io, sockets),
    allowed: {
      directories: options.allowedDir.map((directory) => resolve(io.cwd, directory)),
      archives: options.archiveDir.map((directory) => resolve(io.cwd, directory)),
      listFile: file(options.allowedList),
      isFed: false,
      controls: options.allowedControls,
      allowedAddresses: file(options.allowedIps),
      ...bannedFiles(options, io),
      interval: options.parseAllowedInterval ?? options.parseDirInterval,
    },
    answers: answerSettings(options),
    limits: storeLimits(options, io),
    tls: null,
    store: null,
    stateFile: stateFile(options, io),
    saveInterval: options.saveInterval,
    page: {
      showInfoPage: options.showInfopage,
      redirect: options.infopageRedirect || null,
      showNames: options.showNames,
      allowGet: options.allowGet,
      catalogue: options.catalogue,
      siteName: options.siteName ?? null,
      mirror: null,
    },
    favicon: file(options.favicon),
    publicUrl: options.publicUrl ?? null,
    prefix: '',
    clientAddresses: new ClientAddresses(options.trustProxy, warningsTo(io)),
    logFormat: options.log ?? (options.logFile ? 'text' : 'off'),
    logFile: toStdout ? null : file(options.logFile),
    version: version(),
  }
}

/** The files of bans: those that are named, or else those that the administration keeps. */
function bannedFiles(options: TrackOptions, io: Io) {
  const kept = (option: string | undefined, name: string) => {
    if (option) return resolve(io.cwd, option)
    // Without a home directory there is none, and no other option may need it
    const directory = valueOr(null, () => recordsDirectory(options, io))
    const path = directory && join(directory, name)
    return path === null || statIfThere(path) === null ? null : path
  }
  return {
    bannedAddresses: kept(options.bannedIps, BANNED_IPS),
    bannedTorrents: kept(options.bannedList, BANNED_TORRENTS),
  }
}

/** The state directory as an absolute path. */
export function recordsDirectory(
  { stateDir }: Pick<TrackOptions, 'stateDir'>,
  { cwd, env, isRoot }: Io,
): string {
  return resolve(cwd, stateDirectory({ option: stateDir, env, isRoot }))
}

/**
 * The Redis in which trackers share swarms; null for none.
 * @throws BtkitError `usage` for a bad URL, or a password on the command line
 */
export function sharedStore(
  { store, shareKeyFile }: TrackOptions,
  command: CommandUnknownOpts,
  io: Io,
): TrackerSettings['store'] {
  if (store === undefined) return null
  const keyFile = shareKeyFile === undefined ? null : resolve(io.cwd, shareKeyFile)
  return { address: redisAddress(['--store', store], command, io), keyFile }
}

/**
 * Checks that the command line says which torrents are tracked. Under the name bttrack all are
 * tracked, with a warning.
 * @throws BtkitError `usage`
 */
export function requireTorrents(
  { open, allowedDir, allowedList, archiveDir }: TrackOptions,
  { isLegacy, warn }: { readonly isLegacy: boolean; readonly warn: (message: string) => void },
): void {
  const isLimited = allowedDir.length > 0 || Boolean(allowedList)
  requireCurrent({ allowedDir, archiveDir })
  if (open || isLimited) return
  const limits = '--allowed-dir DIR or --allowed-list FILE'
  if (!isLegacy) {
    throw usageError(`no torrents to track; give ${limits}, or --open for any torrent`)
  }
  warn(`any torrent is tracked; give ${limits}, or --open to avoid this warning`)
}

/** @throws BtkitError `usage` for an archive without a directory of current torrents */
export function requireCurrent({
  allowedDir,
  archiveDir,
}: Pick<TrackOptions, 'allowedDir' | 'archiveDir'>): void {
  if (archiveDir.length === 0 || allowedDir.length > 0) return
  throw usageError('--archive-dir needs --allowed-dir for the current torrents')
}

function answerSettings(options: TrackOptions): AnswerSettings {
  const interval = options.interval / 1000
  return {
    interval,
    minInterval: options.minInterval ?? Math.ceil(interval / 2),
    defaultPeers: options.responseSize,
    maxPeers: Math.max(options.responseSize, options.maxGive),
    allowsFullForm: !options.compactReqd,
    scrape: options.scrapeAllowed,
    believes: options.onlyLocalOverrideIp === 0 ? 'all' : 'local',
  }
}

/** Seconds after which bttrack forgets a client. */
const TIMEOUT = 2700

function storeLimits(options: TrackOptions, io: Io): StoreLimits {
  const { maxPeers, maxSwarms, maxPerAddress, maxPerAddressInSwarm, keepDead } = options
  const interval = options.interval / 1000
  const peerTimeout = options.timeout ?? Math.max(TIMEOUT, Math.ceil(1.5 * interval))
  if (peerTimeout <= interval) {
    const why = `clients announce every ${interval} s and would be forgotten in between`
    reportWarning(`--timeout ${peerTimeout}: ${why}`, io)
  }
  const perAddress = { maxPerAddress, maxPerAddressInSwarm }
  return { maxPeers, maxSwarms, ...perAddress, peerTimeout, keepsEmpty: keepDead }
}

/** @throws BtkitError if other users could change files in the state directory */
function stateFile(options: TrackOptions, io: Io): string {
  if (options.state) return resolve(io.cwd, options.state)
  const directory = recordsDirectory(options, io)
  callSystem(`state ${directory}`, () => {
    makeDirectory(directory, 0o700)
    requireOwnDirectory(directory)
  })
  return join(directory, 'tracker.state')
}

/** Where to listen for HTTP and UDP: on the sockets passed to this process, else at the hosts. */
function placesOf(
  options: TrackOptions,
  io: Io,
  sockets: readonly PassedSocket[] | null,
): Pick<TrackerSettings, 'places' | 'udpPlaces'> {
  if (sockets) {
    return {
      places: passedPlaces(sockets),
      udpPlaces: sockets.filter(({ kind }) => kind === 'udp'),
    }
  }
  const { host, port, udp } = options
  const hosts = host.length > 0 ? [...new Set(host)] : [EVERYWHERE]
  const udpHosts = udp ? hosts.filter((each) => !each.includes('/')) : []
  return {
    places: placesAt(hosts, port, io),
    udpPlaces: udpHosts.map((each) => ({ host: bareHost(each), port })),
  }
}

/** All addresses of the machine, of both families. */
const EVERYWHERE = '::'
