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

/** How far threads that hash step back behind the one that answers requests. */
const NICENESS = 19

/** All that the service is told from outside. */
export interface ServiceSettings {
  readonly options: ServiceOptions
  readonly places: readonly ListenPlace[]
  /** What TLS is spoken with; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly trackers: TrackersWanted
  readonly engine: Pick<Engine, 'kernel' | 'threads'>
  readonly cacheDirectory: string
  readonly cacheTrust: CacheTrust
  /** Milliseconds after which what was of no use is removed from the cache. */
  readonly unusedFor: number
  /** Bytes that the cache may take up; null for any number. */
  readonly cacheMaxSize: number | null
  readonly logFormat: LogFormat
  /** Where the access log is written; null: where the world has it. */
  readonly logFile: string | null
}

/** The world as the service sees it. */
export interface ServiceWorld extends ServerContext {
  /** Takes lines of the access log, unless it has a file. */
  readonly writeLog: (lines: string) => void
  /** How many lines were dropped so far, as nobody read them. */
  readonly droppedLines: () => number
}

/** A service, and all that it holds open. */
export interface RunningService extends Service {
  /** The trackers that torrents name now. */
  readonly trackers: TrackerSource
  /** Opens the log's file anew, if there is one. */
  readonly reopenLog: () => Promise<void>
}

/**
 * Opens all that the service needs, and starts it; stopping it closes all of that.
 * @throws NoTrackers, or BtkitError when it can't listen or open its log
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

/** Threads and the cache, and how to be rid of them. */
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

/** Bytes of a file; none when it can't be looked at. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
