import type { FastifyInstance } from 'fastify'
import { BtkitError } from '../errors.js'
import { addTracker, type PluginSettings } from '../tracker/app/plugin.js'
import type { StoreLimits } from '../tracker/swarms/swarm-store.js'
import { version } from '../version.js'
import {
  checkDirectory,
  checkedNumbers,
  checkPublicUrl,
  onlyKnown,
  type Ranges,
} from './check-options.js'
import { definePlugin, PLUGIN_NAMES, worldOf, type PluginOptions } from './plugin.js'

/** Options of a tracker. One of `allowedDir`, `allowedList` and `open` is necessary. */
export interface TrackerOptions extends PluginOptions {
  /** Directories with the torrents that are tracked; changes count within a minute. */
  readonly allowedDir?: string | readonly string[] | undefined
  /** A file with the info hashes that are tracked. */
  readonly allowedList?: string | undefined
  /** Whether all torrents are tracked (default: false). */
  readonly open?: boolean | undefined
  /** A file with the addresses that may ask (default: all may). */
  readonly allowedIps?: string | undefined
  /** A file with the addresses that may not ask (default: none). */
  readonly bannedIps?: string | undefined
  /** The file in which swarms are kept across restarts (default: none). */
  readonly stateFile?: string | undefined
  /** URL of the tracker, with the prefix, for magnet links (default: the `Host` of each request). */
  readonly publicUrl?: string | undefined
  /** Seconds until a client's next announce (default: 1800). */
  readonly interval?: number | undefined
  /** Peers in an answer (default: 50). */
  readonly responseSize?: number | undefined
  /** The scrapes that are answered (default: `full`). */
  readonly scrape?: 'none' | 'specific' | 'full' | undefined
  /** Whether there are pages of all torrents (default: true). */
  readonly pages?: boolean | undefined
  readonly limits?: TrackerLimits | undefined
}

/** Limits of the swarms in memory. */
export type TrackerLimits = Partial<Omit<StoreLimits, 'peerTimeout' | 'keepsEmpty'>>

const NAMES =
  'allowedDir allowedList open allowedIps bannedIps stateFile publicUrl interval responseSize ' +
  'scrape pages limits'

/** Default, least and most of each limit. */
const LIMITS: Ranges<Required<TrackerLimits>> = {
  maxPeers: [1_000_000, 1, 2e7],
  maxSwarms: [200_000, 1, 2e7],
  maxPerAddress: [10_000, 1, 65_535],
  maxPerAddressInSwarm: [200, 1, 65_535],
}

const NUMBERS: Ranges<{ interval: number; responseSize: number }> = {
  interval: [1800, 1, 604_800],
  responseSize: [50, 0, 1000],
}

/** The most peers for clients that ask for many. */
const MAX_GIVE = 200

const MINUTE = 60_000

/** Seconds after which a client that does not announce is forgotten. */
const TIMEOUT = 2700

/**
 * A fastify plugin that answers announces and scrapes over HTTP, and shows pages of its torrents.
 * Register it with a `prefix`, as often as you like.
 * @throws BtkitError `usage` for bad options, `not-found` for a directory or list that is missing,
 *   `locked` if another tracker uses the state
 */
export const tracker = definePlugin(
  'btkit/tracker',
  (app: FastifyInstance, options: TrackerOptions) =>
    addTracker(app, settingsOf(options), worldOf(app, options)),
)

function settingsOf(options: TrackerOptions): PluginSettings {
  onlyKnown(options, [...NAMES.split(' '), ...PLUGIN_NAMES])
  const { limits = {}, scrape = 'full', pages = true } = options
  onlyKnown(limits, Object.keys(LIMITS))
  const { interval, responseSize } = checkedNumbers(options, NUMBERS)
  if (!['none', 'specific', 'full'].includes(scrape)) {
    throw new BtkitError('usage', `scrape ${scrape}: use none, specific or full`)
  }
  return {
    allowed: allowedOf(options),
    answers: {
      interval,
      minInterval: Math.ceil(interval / 2),
      defaultPeers: responseSize,
      maxPeers: Math.max(responseSize, MAX_GIVE),
      allowsFullForm: false,
      scrape,
      believes: 'local',
    },
    // The command has these alone
    multitracker: { isEnabled: false, allowed: 'none', interval: 120, maxPeers: 20, ...NO_SHARING },
    aggregation: { forward: null, aggregator: null },
    limits: {
      ...checkedNumbers(limits, LIMITS),
      peerTimeout: Math.max(TIMEOUT, Math.ceil(1.5 * interval)),
      keepsEmpty: false,
    },
    store: null,
    stateFile: options.stateFile ?? null,
    saveInterval: 5 * MINUTE,
    page: {
      showInfoPage: pages,
      redirect: null,
      showNames: true,
      allowGet: false,
      catalogue: 'on',
    },
    favicon: null,
    publicUrl: checkPublicUrl(options.publicUrl),
    version: version(),
    metrics: options.metrics ?? false,
  }
}

const NO_SHARING = { publicHost: null, keyFile: null }

/** @throws BtkitError `usage` if the options do not say which torrents are tracked */
function allowedOf(options: TrackerOptions): PluginSettings['allowed'] {
  const { allowedDir = [], allowedList = null, open = false } = options
  const directories = [allowedDir].flat().map((each) => checkDirectory(each, 'allowedDir'))
  const isLimited = directories.length > 0 || allowedList !== null
  if (open === isLimited) {
    const why = open ? 'open excludes allowedDir and allowedList' : 'no torrents to track'
    throw new BtkitError('usage', `${why}; give allowedDir, allowedList, or open: true`)
  }
  return {
    directories,
    archives: [],
    listFile: allowedList,
    isFed: false,
    controls: true,
    allowedAddresses: options.allowedIps ?? null,
    bannedAddresses: options.bannedIps ?? null,
    bannedTorrents: null,
    interval: MINUTE,
  }
}
