// `btkit/mirror`: a fastify plugin that serves files and makes their torrents on demand. It reads no
// environment and no configuration, and keeps nothing outside of its application.
import { availableParallelism } from 'node:os'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { UNUSED_FOR } from '../core/cache/prune.js'
import type { CacheTrust } from '../core/digests/cache-trust.js'
import { BtkitError } from '../base/errors.js'
import { checkSeed, checkTracker } from '../metainfo/trackers.js'
import { addMirror, type PluginSettings } from '../mirror/app/plugin.js'
import { FIXED_LIMITS, type ServiceLimits } from '../mirror/options.js'
import { patternFault } from '../mirror/torrents/warm-patterns.js'
import { monotonicNow, version } from '../base/process.js'
import type { ServerContext } from '../server/context.js'
import {
  checkDirectory,
  checkedNumbers,
  checkPieceLength,
  checkPublicUrl,
  onlyKnown,
  type Ranges,
} from './check-options.js'

export { BtkitError, type ErrorCode } from '../base/errors.js'
export type { MirrorLimits, MirrorOptions, PluginOptions, WarmFilesOptions }
export type { ServiceLimits } from '../mirror/options.js'

/** Options beside fastify's own, such as `prefix`. */
interface PluginOptions {
  /** Whether `/-/metrics` is answered, to everybody who reaches the prefix (default: false). */
  readonly metrics?: boolean | undefined
  /** Receives warnings for the operator (default: the application's log). */
  readonly onWarning?: ((message: string) => void) | undefined
  /** Receives internal errors; their requests get status 500 (default: the application's log). */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Options of a mirror. */
interface MirrorOptions extends PluginOptions {
  /** The directory whose files are served. */
  readonly root: string
  /** Announce URLs (default: none), or a file with one in each line, which is read when it changes. */
  readonly trackers?: string | readonly string[] | { readonly file: string } | undefined
  /** URL of the root, with the prefix (default: the `Host` of each request). */
  readonly publicUrl?: string | undefined
  /** URLs of other mirrors of the root. */
  readonly webSeeds?: readonly string[] | undefined
  /** Directories of existing torrents, which are preferred to new ones. */
  readonly torrents?: readonly string[] | undefined
  /** Bytes of a piece, a power of two (default: `auto`, by size). */
  readonly pieceLength?: number | 'auto' | undefined
  /** Whether the files themselves are served (default: true). */
  readonly files?: boolean | undefined
  /** Whether directories have pages (default: true). */
  readonly listings?: boolean | undefined
  /** The name of the site on its pages (default: the host of `publicUrl`). */
  readonly siteName?: string | undefined
  /** Whether pages of other sites may fetch torrents, JSON and files (default: false). */
  readonly cors?: boolean | undefined
  /** Whether hidden files are published (default: false). */
  readonly hidden?: boolean | undefined
  /** Whether links may lead out of the root (default: false). */
  readonly followSymlinks?: boolean | undefined
  /** Directory of the piece cache (default: none; torrents are kept for a short time only). */
  readonly cacheDirectory?: string | undefined
  /** The parts of a file's fingerprint that must match (default: `full`). */
  readonly cacheTrust?: CacheTrust | undefined
  /** Limit of the cache's size in bytes (default: unlimited). */
  readonly cacheMaxSize?: number | undefined
  /** Threads that read and hash (default: one for each processor). */
  readonly threads?: number | undefined
  /** Files to hash before anybody asks; needs `cacheDirectory` (default: none). */
  readonly warm?: WarmFilesOptions | undefined
  readonly limits?: MirrorLimits | undefined
}

/** Files to hash before anybody asks for them. */
interface WarmFilesOptions {
  /** Patterns of paths, such as `/iso/**`. */
  readonly patterns: readonly string[]
  /** Milliseconds between two searches of all directories (default: 5 minutes). */
  readonly interval?: number | undefined
  /** Limit of the read rate, in bytes a second (default: unlimited). */
  readonly maxRate?: number | undefined
  /** The feed leaves out files modified before (default: none). */
  readonly feedSince?: Date | undefined
}

/** Limits on requests and clients. */
type MirrorLimits = Partial<Omit<ServiceLimits, 'headerTimeout'>>

/** Default, least and most of each limit. */
const LIMITS: Ranges<Required<MirrorLimits>> = {
  maxPaths: [FIXED_LIMITS.maxPaths, 1, 1e6],
  maxMatches: [FIXED_LIMITS.maxMatches, 1, 1e6],
  maxFiles: [10_000, 1, 1e6],
  maxSize: [2 ** 40, 1, Number.MAX_SAFE_INTEGER],
  maxBody: [FIXED_LIMITS.maxBody, 1, 2 ** 30],
  maxPlanning: [FIXED_LIMITS.maxPlanning, 1, 256],
  maxHashing: [4, 1, 256],
  maxPerClient: [FIXED_LIMITS.maxPerClient, 1, 1e6],
  maxReads: [3, 1, 1024],
  wait: [25_000, 0, 86_400_000],
  bodyTimeout: [FIXED_LIMITS.bodyTimeout, 1, 86_400_000],
}

/** Default, least and most of the other numbers. */
const NUMBERS: Ranges<{ threads: number; interval: number; maxRate: number; maxSize: number }> = {
  threads: [availableParallelism(), 1, 256],
  interval: [300_000, 1000, 86_400_000],
  maxRate: [Infinity, 1, Infinity],
  maxSize: [Infinity, 1, Infinity],
}

/** The names of all options. A misspelt one would serve something else than was wanted. */
const NAMES: Record<keyof MirrorOptions, true> = {
  root: true,
  trackers: true,
  publicUrl: true,
  webSeeds: true,
  torrents: true,
  files: true,
  pieceLength: true,
  listings: true,
  siteName: true,
  cors: true,
  hidden: true,
  warm: true,
  followSymlinks: true,
  cacheDirectory: true,
  cacheTrust: true,
  cacheMaxSize: true,
  threads: true,
  limits: true,
  metrics: true,
  onWarning: true,
  onError: true,
}

/** Names of fastify's own options. */
const FASTIFY_NAMES = ['prefix', 'logLevel', 'logSerializers']

/**
 * A fastify plugin that serves a directory: its files, their torrents, magnet links and checksums,
 * and pages of directories. Register it with a `prefix`, as often as you like.
 * @throws BtkitError `usage` for bad options, `not-found` if `root` is not a directory
 */
export const mirror: FastifyPluginAsync<MirrorOptions> = Object.assign(
  async (app: FastifyInstance, options: MirrorOptions) =>
    addMirror(app, settingsOf(options), worldOf(app, options)),
  {
    // How fastify names it in messages
    [Symbol.for('plugin-meta')]: { name: 'btkit/mirror', fastify: '5.x' },
    [Symbol.for('fastify.display-name')]: 'btkit/mirror',
  },
)

function settingsOf(options: MirrorOptions): PluginSettings {
  onlyKnown(options, [...Object.keys(NAMES), ...FASTIFY_NAMES])
  const { trackers = [], cacheDirectory = null, cacheTrust = 'full' } = options
  const numbers = checkedNumbers(
    { threads: options.threads, maxSize: options.cacheMaxSize },
    NUMBERS,
  )
  return {
    options: serviceOptions(options),
    trackers:
      typeof trackers === 'object' && 'file' in trackers
        ? { path: trackers.file }
        : { urls: [trackers].flat().map(checkTracker) },
    engine: { threads: numbers.threads },
    cacheDirectory,
    cacheTrust,
    cacheMaxSize: options.cacheMaxSize ?? null,
    unusedFor: UNUSED_FOR,
  }
}

function serviceOptions(options: MirrorOptions): PluginSettings['options'] {
  const { hidden = false, followSymlinks = false, files = true, listings = true } = options
  const { torrents = [], webSeeds = [], pieceLength = 'auto', limits = {} } = options
  onlyKnown(limits, Object.keys(LIMITS))
  return {
    version: version(),
    mirror: { root: checkDirectory(options.root, 'root'), hidden, followSymlinks },
    publicUrl: checkPublicUrl(options.publicUrl),
    webSeeds: webSeeds.map((url) => checkSeed(url, 'web seed').replace(/\/+$/, '')),
    httpSeeds: [],
    markPadFiles: false,
    pieceLength: checkPieceLength(pieceLength),
    minAge: 0,
    torrents: torrents.map((directory) => checkDirectory(directory, 'torrents')),
    files,
    listings,
    siteName: options.siteName ?? null,
    look: {},
    cors: options.cors ?? false,
    metrics: options.metrics ?? false,
    // The application's server has time limits of its own
    limits: { ...checkedNumbers(limits, LIMITS), headerTimeout: 0 },
    warm: warmOf(options),
    tracker: null,
    seed: null,
  }
}

function warmOf({ warm, cacheDirectory }: MirrorOptions): PluginSettings['options']['warm'] {
  if (warm === undefined) return null
  if (cacheDirectory === undefined) {
    throw new BtkitError('usage', 'warm: needs cacheDirectory, where its work is kept')
  }
  for (const pattern of warm.patterns) {
    const fault = patternFault(pattern)
    if (fault !== null) throw new BtkitError('usage', `warm: pattern '${pattern}': ${fault}`)
  }
  const { interval, maxRate } = checkedNumbers(warm, NUMBERS)
  return {
    patterns: warm.patterns,
    interval,
    maxRate: maxRate === Infinity ? null : maxRate,
    feedSince: warm.feedSince?.getTime() ?? 0,
  }
}

/** Returns the clocks and callbacks of the plugin. */
function worldOf({ log }: FastifyInstance, { onWarning, onError }: PluginOptions): ServerContext {
  return {
    now: () => Date.now(),
    monotonic: monotonicNow,
    warn:
      onWarning ??
      ((message) => {
        log.warn(message)
      }),
    onError:
      onError ??
      ((error) => {
        log.error(error)
      }),
  }
}
