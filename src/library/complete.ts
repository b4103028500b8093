import type { ChecksumName } from '../core/checksums/list.js'
import { completeDirectories as complete } from '../core/complete/loop/run.js'
import type { CompleteReport } from '../core/complete/report.js'
import type { CompleteRequest } from '../core/complete/request.js'
import { BtkitError, refuseAborted } from '../base/errors.js'
import { requirePaths } from '../base/require.js'
import { startTask, type Task, withHashContext, type WorkOptions } from './task.js'
import { type AskedOptions, commonRequestOf } from '../core/make/asked.js'
import { type OwnOptions, requireOptions } from './torrent-options.js'

/** Options for keeping directories in torrents. */
export interface CompleteOptions extends AskedOptions, WorkOptions {
  /** Directory that records which torrents btkit wrote. Do not delete it. */
  readonly stateDirectory: string
  /** Directory of the torrents (default: beside the entries). */
  readonly target?: string | undefined
  /** Names of the only entries to look at (default: all). */
  readonly entries?: readonly string[] | undefined
  /** Lists of checksums to write beside each torrent (default: none). */
  readonly checksums?: readonly ChecksumName[] | undefined
  /** Whether to remove torrents whose source is gone; `always` also if all are (default: never). */
  readonly prune?: CompleteRequest['prune'] | undefined
  /** Whether existing torrents follow new options (default: false). */
  readonly remake?: boolean | undefined
  /** Whether to adopt torrents of other programs if they match the content (default: false). */
  readonly adopt?: boolean | undefined
  /** Whether to replace torrents of other programs and edited ones (default: false). */
  readonly force?: boolean | undefined
  /** Whether to write nothing (default: false). */
  readonly dryRun?: boolean | undefined
  /** Seconds to wait for another run on the same directory (default: 0). */
  readonly waitSeconds?: number | undefined
  /** Entries that changed less than so many seconds ago are left alone (default: 0). */
  readonly minAgeSeconds?: number | undefined
  /** Called if a file in the state directory is damaged (default: ignore). */
  readonly onWarning?: ((message: string) => void) | undefined
}

const COMPLETE_OPTIONS: OwnOptions<CompleteOptions> = {
  stateDirectory: true,
  target: true,
  entries: true,
  checksums: true,
  prune: true,
  remake: true,
  adopt: true,
  force: true,
  dryRun: true,
  waitSeconds: true,
  minAgeSeconds: true,
  onWarning: true,
}

/**
 * Makes a torrent of each entry of directories, updates those whose entry changed, and leaves all
 * others alone. Failures are in the report and do not stop the rest.
 * @throws BtkitError `usage`, `locked` if another run works there, and `interrupted`
 */
export function completeDirectories(
  directories: string | readonly string[],
  options: CompleteOptions,
): Task<CompleteReport> {
  return startTask(options, async (signal, tell) => {
    requirePaths([directories].flat(), 'directories')
    checkState(options)
    requireOptions(options, COMPLETE_OPTIONS)
    const common = commonRequestOf(options)
    let total = 0
    const running = { signal, tell, bytesTotal: () => total }
    const begin = (bytes: number) => {
      total = bytes
      return Promise.resolve()
    }
    const state = {
      directory: options.stateDirectory,
      warn: options.onWarning ?? (() => undefined),
    }
    return withHashContext(options, running, async ({ engine: all, cacheAccess }) => {
      const { onProgress: progress = () => undefined, ...engine } = all
      const watch = { isSeen: options.onProgress !== undefined, begin, progress }
      const context = { engine, cacheAccess, state }
      const report = await complete(requestOf(directories, options, common), context, watch)
      if (report.isInterrupted) refuseAborted(signal)
      return report
    })
  })
}

/** @throws BtkitError `usage` for what only callers without types give */
function checkState({ stateDirectory }: { readonly stateDirectory?: unknown }): void {
  if (typeof stateDirectory === 'string' && stateDirectory !== '') return
  throw new BtkitError('usage', 'stateDirectory: not a path; give that of a directory for records')
}

function requestOf(
  directories: string | readonly string[],
  options: CompleteOptions,
  common: CompleteRequest['common'],
): CompleteRequest {
  const keepTrackers = options.trackers === undefined
  return {
    directories: typeof directories === 'string' ? [directories] : directories,
    target: options.target ?? null,
    entries: options.entries,
    common,
    checksums: options.checksums ?? [],
    prune: options.prune ?? 'never',
    existing: { asked: [], remake: options.remake ?? false, keepTrackers },
    adopt: options.adopt ?? false,
    force: options.force ?? false,
    dryRun: options.dryRun ?? false,
    waitSeconds: options.waitSeconds ?? 0,
    minAgeSeconds: options.minAgeSeconds ?? 0,
    publish: [],
  }
}
