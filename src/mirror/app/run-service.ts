import { join } from 'node:path'
import { stat } from 'node:fs/promises'
import { CACHE_FILE, openCache } from '../../cache/open.js'
import type { CacheTrust } from '../../core/digests/cache-trust.js'
import type { Engine } from '../../core/digests/hash-content.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import {
  openTrackers,
  type TrackerSource,
  type TrackersWanted,
} from '../torrents/tracker-source.js'
import { AccessLog, type LogFormat } from '../../server/exchange/access-log.js'
import { openLogSink } from '../../server/exchange/log-file.js'
import type { ServiceOptions } from '../options.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { startService, type Service } from './start.js'
import type { ServerContext } from '../../server/context.js'

/** Niceness of the hashing threads, so that the thread that answers requests comes first. */
const NICENESS = 19

/** All settings of the service. */
export interface ServiceSettings {
  readonly options: ServiceOptions
  readonly places: readonly ListenPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly trackers: TrackersWanted
  readonly engine: Pick<Engine, 'kernel' | 'threads'>
  readonly cacheDirectory: string
  readonly cacheTrust: CacheTrust
  /** Milliseconds after which unused records are removed from the cache. */
  readonly unusedFor: number
  /** Most bytes of the cache; null for no limit. */
  readonly cacheMaxSize: number | null
  readonly logFormat: LogFormat
  /** The file of the access log; null to use `writeLog`. */
  readonly logFile: string | null
}

/** The outside world of the service. */
export interface ServiceWorld extends ServerContext {
  /** Receives lines of the access log if it has no file. */
  readonly writeLog: (lines: string) => void
  /** Number of lines dropped so far, because nobody read them. */
  readonly droppedLines: () => number
}

/** A service with everything that it holds open. */
export interface RunningService extends Service {
  /** The current trackers of torrents. */
  readonly trackers: TrackerSource
  /** Opens the log's file again, if there is one. */
  readonly reopenLog: () => Promise<void>
}

/**
 * Opens everything that the service needs, and starts it. Stopping it closes everything.
 * @throws NoTrackers; BtkitError if it cannot listen or open its log
 */
export async function runService(
  settings: ServiceSettings,
  world: ServiceWorld,
): Promise<RunningService> {
  const trackers = await openTrackers(settings.trackers, { now: world.now, report: world.warn })
  const sink = await openLogSink({ ...world, logFile: settings.logFile })
  const log = new AccessLog({
    format: settings.logFormat,
    clientAddresses: settings.options.clientAddresses,
    now: world.now,
    write: (lines) => {
      sink.write(lines)
    },
  })
  const resources = await openResources(settings, world)
  try {
    const cacheSize = () => sizeOf(join(settings.cacheDirectory, CACHE_FILE))
    const given = { ...settings, ...resources, trackers, log, cacheSize }
    const service = await startService({ ...world, ...given })
    const stop = async () => {
      await service.stop()
      await sink.close()
      await resources.close()
    }
    return { ...service, trackers, reopenLog: () => sink.reopen(), stop }
  } catch (error) {
    await sink.close()
    await resources.close()
    throw error
  }
}

/** Opens threads and cache, with functions to interrupt and close them. */
async function openResources(settings: ServiceSettings, { now, warn }: ServiceWorld) {
  const { engine, cacheDirectory, cacheTrust } = settings
  const hashing = new AbortController()
  const interrupt = () => {
    hashing.abort()
  }
  const pool = new WorkerPool(NICENESS)
  const cache = await openCache({ directory: cacheDirectory, now, warn, isCheckedBeside: true })
  const hashContext = {
    cacheAccess: { cache, trust: cacheTrust, now, kernel: engine.kernel },
    engine: { ...engine, pool, signal: hashing.signal, isOffloaded: true },
  }
  const close = async () => {
    interrupt()
    await pool.close()
    await cache.close()
  }
  return { hashContext, interrupt, close }
}

/** The size of a file in bytes; 0 if it cannot be read. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
