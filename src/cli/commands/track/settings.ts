import { resolve } from 'node:path'
import type { Decided } from '../../configuration/parse.js'
import { usageError } from '../../../base/errors.js'
import type { PassedSocket } from '../../../server/listen/passed-sockets.js'
import type { AnswerSettings } from '../../../tracker/answers/tracker-rules.js'
import { type TrackerSettings, USUAL } from '../../../tracker/app/settings.js'
import type { StoreLimits } from '../../../tracker/swarms/swarm-types.js'
import type { Io } from '../../io.js'
import { redisAddress } from '../../open/share.js'
import { commonSettings, trackerPlaces } from '../../open/tracker.js'
import type { TrackOptions } from './options.js'
import { Report } from '../../output/report.js'

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
  const limits = storeLimits(options, io)
  const common = commonSettings(options, io)
  return {
    ...common,
    ...trackerPlaces(options, io, sockets),
    allowed: {
      ...common.allowed,
      listFile: file(options.allowedList),
      controls: options.allowedControls,
      allowedAddresses: file(options.allowedIps),
      interval: options.parseAllowedInterval ?? options.parseDirInterval,
    },
    answers: answerSettings(options),
    limits,
    saveInterval: options.saveInterval,
    page: {
      ...common.page,
      showInfoPage: options.showInfopage,
      redirect: options.infopageRedirect || null,
      showNames: options.showNames,
      allowGet: options.allowGet,
      catalogue: options.catalogue,
    },
    favicon: file(options.favicon),
    publicUrl: options.publicUrl ?? null,
    logFormat: options.log ?? (options.logFile ? 'text' : 'off'),
    logFile: toStdout ? null : file(options.logFile),
  }
}

function answerSettings(options: TrackOptions): AnswerSettings {
  const interval = options.interval / 1000
  return {
    interval,
    minInterval: options.minInterval ?? Math.ceil(interval / 2),
    responseSize: options.responseSize,
    maxGive: Math.max(options.responseSize, options.maxGive),
    allowsFullForm: !options.compactReqd,
    scrape: options.scrapeAllowed,
    believes: options.onlyLocalOverrideIp === 0 ? 'all' : 'local',
  }
}

function storeLimits(options: TrackOptions, io: Io): StoreLimits {
  const { maxPeers, maxSwarms, maxPerAddress, maxPerAddressInSwarm, keepDead } = options
  const interval = options.interval / 1000
  const peerTimeout =
    options.timeout ?? Math.max(USUAL.limits.peerTimeout, Math.ceil(1.5 * interval))
  if (peerTimeout <= interval) {
    const why = `clients announce every ${interval} s and would be forgotten in between`
    new Report({}, io).alert(`--timeout ${peerTimeout}: ${why}`)
  }
  const perAddress = { maxPerAddress, maxPerAddressInSwarm }
  return { maxPeers, maxSwarms, ...perAddress, peerTimeout, keepsEmpty: keepDead }
}

/**
 * The Redis in which trackers share swarms; null for none.
 * @throws BtkitError `usage` for a bad URL, or a password on the command line
 */
export function sharedStore(
  { store, storeKeyFile }: TrackOptions,
  typed: readonly Decided[],
  io: Io,
): TrackerSettings['store'] {
  if (store === undefined) return null
  const keyFile = storeKeyFile === undefined ? null : resolve(io.cwd, storeKeyFile)
  return { address: redisAddress(['--store', store], typed, io), keyFile }
}

/**
 * Checks that the command line says which torrents are tracked. Under the name bttrack all are
 * tracked, with a warning.
 * @throws BtkitError `usage`
 */
export function requireTorrents(
  { open, allowedDir, allowedList }: TrackOptions,
  isLegacy: boolean,
  warn: (message: string) => void,
): void {
  const isLimited = allowedDir.length > 0 || Boolean(allowedList)
  if (open || isLimited) return
  const limits = '--allowed-dir DIR or --allowed-list FILE'
  if (!isLegacy) {
    throw usageError(`no torrents to track; give ${limits}, or --open for any torrent`)
  }
  warn(`any torrent is tracked; give ${limits}, or --open to avoid this warning`)
}
