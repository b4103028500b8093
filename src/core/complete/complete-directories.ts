import { BtkitError } from '../../errors.js'
import { boundHeapGrowth } from '../../heap-growth.js'
import { listNames } from '../../files/scan/entry.js'
import { loadNameFilter } from '../../files/scan/scan-tree.js'
import { createWriter } from '../../files/write/many.js'
import { tidyCache } from '../cache/tidy.js'
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
import { ownFilesOf } from './own-files.js'
import { pruneAll } from './prune.js'
import { pruneLists } from './prune-lists.js'
import { createReport, noteFailure, sortReport, type CompleteReport } from './report.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteRun,
  CompleteWatch,
  StateAccess,
} from './request.js'
import { lookAtAll, type Sight } from './sight.js'
import { noteStandstill, repeatReport } from './standstill.js'
import { TargetDirectories } from './targets.js'
import { digestOptions } from './unchanged.js'

/** Torrents written at once: disks serve many as fast as one. */
const WRITES = 1024

/** How many entries make garbage worth collecting sooner; fewer are done before there is any. */
const MANY = 1000

/**
 * Brings the torrents of directories' entries up to date: each is created, updated, left as it is
 * or, when it is to be pruned and its source is gone, removed. What fails is reported and does not
 * stop the rest. When a signal ends the run, the report tells of what was done until then.
 * @throws BtkitError `usage` when two entries would write the same torrent, or a directory is given
 * twice; `locked` when another run is at work on a target, `interrupted` when a signal came while
 * this one waited for it
 */
export async function completeDirectories(
  request: CompleteRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const list = listOnce()
  const targets = new TargetDirectories(request, context, list)
  const report = createReport()
  let sight: Sight | null = null
  let isRepeated = false
  try {
    await targets.lock()
    sight = await lookAtAll(targets.paths, request, context)
    isRepeated = repeatReport(sight, report)
    if (!isRepeated) await completeLocked({ targets, list, report }, { request, context, watch })
  } finally {
    await targets.close((target, error) => {
      noteFailure(report, pathsOfDirectory(target), error)
    })
  }
  if (!isRepeated) noteStandstill(sight, report)
  if (!request.dryRun && !report.isInterrupted) {
    await tidy(context, request.cacheMaxSize)
  }
  sortReport(report)
  return report
}

/** What a run works on, once its targets are locked. */
interface Locked {
  readonly targets: TargetDirectories
  readonly list: (realPath: string) => readonly string[]
  readonly report: CompleteReport
}

interface Asked {
  readonly request: CompleteRequest
  readonly context: CompleteContext
  readonly watch: CompleteWatch
}

async function completeLocked({ targets, list, report }: Locked, asked: Asked): Promise<void> {
  const { request, context, watch } = asked
  await targets.open()
  const filter = await loadNameFilter(request.common.scan)
  const findTarget = (path: string) => targets.find(path)
  const directories = openAll({ request, filter, list, findTarget }, report)
  checkDistinctDirectories(directories)
  checkDistinctTorrents(directories)
  if (directories.some(({ names }) => names.length > MANY)) boundHeapGrowth()
  noteLeftOut(directories, report)
  const options = digestOptions(request.common)
  const isOwnFile = ownFilesOf(directories, request.checksums)
  const writer = createWriter({ inFlight: WRITES })
  const run = { request, hashContext: context, options, isOwnFile, writer, report, watch }
  await complete(directories, run, context.state)
}

/** A cache that nobody needed is opened for it only when it is time. */
async function tidy({ cacheAccess, sleepingCache }: CompleteContext, maxSize: number | null) {
  if (sleepingCache) {
    const isWanted = maxSize !== null || sleepingCache.isAwake() || sleepingCache.isTidyDue()
    if (!isWanted) return
    await sleepingCache.wake()
  }
  await tidyCache(cacheAccess, maxSize)
  if (sleepingCache?.isTidyDue()) sleepingCache.noteTidied()
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

/** Lists directories, each but once: sources and torrents may share one. */
function listOnce(): (realPath: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>()
  return (realPath) => {
    const names = lists.get(realPath) ?? listNames(realPath)
    lists.set(realPath, names)
    return names
  }
}
