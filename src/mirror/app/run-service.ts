import {
  openTrackers,
  type TrackerSource,
  type TrackersWanted,
} from '../torrents/tracker-source.js'
import { AccessLog, type LogFormat } from '../../server/exchange/access-log.js'
import { openLogSink } from '../../server/exchange/log-file.js'
import type { ServedOptions } from '../options.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { openResources, type Resources } from './resources.js'
import { startService, type Service } from './start.js'
import type { ServerContext } from '../../server/context.js'

/** All settings of the service. */
export interface ServiceSettings extends Resources {
  readonly options: ServedOptions
  readonly cacheDirectory: string | null
  readonly places: readonly ListenPlace[]
  /** Keys for TLS; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly trackers: TrackersWanted
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
    const given = { ...settings, ...resources, trackers, log }
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
