import { BtkitError } from '../../errors.js'
import { listNames } from '../../files/scan/entry.js'
import { loadNameFilter } from '../../files/scan/load-name-filter.js'
import { createWriter } from '../../files/write/many.js'
import { boundHeapGrowth } from '../../heap-growth.js'
import {
  checkDistinctDirectories,
  checkDistinctTorrents,
  openSourceDirectory,
  pathsOf,
  pathsOfDirectory,
  type OpenRules,
  type SourceDirectory,
} from './directories.js'
import { completeAll } from './entries.js'
import { ownFilesOf } from './own-file.js'
import { pruneAll, pruneLists } from './prune.js'
import { TargetDirectories } from './targets.js'
import { digestOptions } from './unchanged.js'
import { noteForeign } from './foreign-torrents.js'
import { createReport, noteFailure, sortReport, type CompleteReport } from './complete-report.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteRun,
  CompleteWatch,
  StateAccess,
} from './request.js'
import { TargetLocks } from './target-locks.js'

/** Number of concurrent torrent writes. Disks sync many files as fast as one. */
const WRITES = 1024

/**
 * Number of entries from which earlier garbage collection is worthwhile; fewer entries create
 * little garbage.
 */
const MANY = 1000

/**
 * Updates the torrents of directory entries. Each torrent is created, updated or left unchanged;
 * with pruning it is removed if its source is gone. Failures are reported and do not stop the rest.
 * If a signal ends the run, the report covers the work done so far.
 * @throws BtkitError `usage` if two entries would write the same torrent, or a directory is given
 *   twice; `locked` if another run is working on a target; `interrupted` if a signal arrived during
 *   the wait for it
 */
export async function completeDirectories(
  request: CompleteRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const locks = new TargetLocks(request, context)
  const report = createReport()
  try {
    await locks.take()
    await completeLocked({ locks, report }, watch)
  } finally {
    locks.release()
  }
  if (!request.dryRun && !report.isInterrupted) {
    await tidy(context, request.cacheMaxSize)
  }
  sortReport(report)
  report.hasNewForeign = noteForeign(report, request, context)
  return report
}

/** Maintains the cache. Opens a cache that was not needed only if maintenance is due. */
async function tidy({ cacheAccess, lazyCache }: CompleteContext, maxSize: number | null) {
  if (lazyCache) {
    const isWanted = maxSize !== null || lazyCache.isAwake() || lazyCache.isTidyDue()
    if (!isWanted) return
    await lazyCache.wake()
  }
  const { tidyCache } = await import('../cache/tidy.js')
  await tidyCache(cacheAccess, maxSize)
  if (lazyCache?.isTidyDue()) lazyCache.noteTidied()
}

/** The locked targets and the report of a run. */
interface Locked {
  readonly locks: TargetLocks
  readonly report: CompleteReport
}

async function completeLocked({ locks, report }: Locked, watch: CompleteWatch) {
  const list = listOnce()
  const targets = new TargetDirectories(locks, list)
  try {
    targets.open()
    await completeOpen({ targets, list, report }, watch)
  } finally {
    await targets.close((target, error) => {
      noteFailure(report, pathsOfDirectory(target), error)
    })
  }
}

/** The same after the records of the torrents were read. */
interface Opened {
  readonly targets: TargetDirectories
  readonly list: (realPath: string) => readonly string[]
  readonly report: CompleteReport
}

async function completeOpen({ targets, list, report }: Opened, watch: CompleteWatch) {
  const { request, context } = targets.locks
  const filter = await loadNameFilter(request.common.scan)
  const findTarget = (path: string) => targets.find(path)
  const directories = openAll({ request, filter, list, findTarget }, report)
  checkDistinctDirectories(directories)
  checkDistinctTorrents(directories)
  if (directories.some(({ names }) => names.length > MANY)) boundHeapGrowth()
  noteLeftOut(directories, report)
  const options = digestOptions(request)
  const isOwnFile = ownFilesOf(directories, request.checksums, context)
  const writer = createWriter({ inFlight: WRITES })
  const run = { request, hashContext: context, options, isOwnFile, writer, report, watch }
  await complete(directories, run, context.state)
}

async function complete(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
  state: StateAccess,
): Promise<void> {
  const { request, report } = run
  try {
    const emptied = await completeAll(directories, run)
    if (request.prune !== 'never') {
      pruneAll({ directories, emptied }, run)
      pruneLists({ directories, emptied }, run)
    }
    if (request.publish.length === 0 || request.dryRun) return
    const { publishAll } = await import('./publish.js')
    report.clients = await publishAll(directories, run, state)
  } catch (error) {
    if (!(error instanceof BtkitError && error.code === 'interrupted')) throw error
    report.isInterrupted = true
  }
}

function openAll(rules: OpenRules, report: CompleteReport): SourceDirectory[] {
  return rules.request.directories.flatMap((directory) => {
    try {
      return [openSourceDirectory(directory, rules)]
    } catch (error) {
      noteFailure(report, pathsOfDirectory(directory), error)
      return []
    }
  })
}

function noteLeftOut(directories: readonly SourceDirectory[], report: CompleteReport): void {
  for (const directory of directories) {
    for (const { name, reason } of directory.leftOut)
      report.skipped.push({ ...pathsOf(name, directory), reason })
  }
}

/** Lists each directory only once: sources and torrents may share one. */
function listOnce(): (realPath: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>()
  return (realPath) => {
    const names = lists.get(realPath) ?? listNames(realPath)
    lists.set(realPath, names)
    return names
  }
}
