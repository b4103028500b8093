import { BtkitError } from '../../../base/errors.js'
import { dayOf } from '../../../disk/cache/records/record.js'
import { loadNameFilter } from '../../../disk/scan/entry.js'
import { refuseLinkOfOthers } from '../../../disk/write/target.js'
import { boundHeapGrowth, growYoungHeap } from '../../../base/heap-growth.js'
import {
  byTarget,
  checkDistinct,
  openSourceDirectory,
  pathsOf,
  type SourceDirectory,
  torrentName,
} from '../target/directories.js'
import { completeAll } from './entries.js'
import { FailedDisks } from '../target/failed-disks.js'
import { noteForeign } from '../tidy/changes.js'
import { findNewest } from '../tidy/feed.js'
import { ownFilesOf } from '../target/own-file.js'
import { countOrphans, pruneAll, prunedIn } from '../tidy/prune.js'
import { TargetDirectories } from '../target/targets.js'
import type { RunClient } from '../../keep-seeded/sync.js'
import { digestOptions } from '../decide/unchanged.js'
import { createReport, leftAlone, noteOnce, sortReport, type CompleteReport } from '../report.js'
import type {
  CompleteContext,
  CompleteRequest,
  CompleteRun,
  CompleteWatch,
  SharedRun,
} from '../request.js'

/**
 * Number of entries from which earlier garbage collection is worthwhile; fewer entries create
 * little garbage.
 */
const MANY = 1000

/**
 * The growth of the heap between garbage collections in percent: most of it is the report, which
 * stays.
 */
const GROWTH = 30

/**
 * Updates the torrents of directory entries. Each torrent is created, updated or left unchanged;
 * with pruning it is removed if its source is gone. Failures are reported and do not stop the rest.
 * If a signal ends the run, the report covers the work done so far.
 * @throws BtkitError `usage` if two entries would write the same torrent, or a directory is given
 *   twice; `locked` if another run is working on a target; `interrupted` if a signal arrived during
 *   the wait for it
 */
export function completeDirectories(
  request: CompleteRequest,
  context: CompleteContext,
  watch: CompleteWatch,
): Promise<CompleteReport> {
  const { directories, target } = request
  const places = directories.map((directory) => ({ directory, target: target ?? directory }))
  return reportRun(request, context, (shared) => {
    const targets = new TargetDirectories(request, places, context)
    return completeTogether(targets, { ...shared, watch })
  })
}

/** Does the work of a run, and then what is due after each. */
export async function reportRun(
  request: CompleteRequest,
  context: CompleteContext,
  work: (shared: Omit<SharedRun, 'watch'>) => Promise<void>,
): Promise<CompleteReport> {
  // Until something changed, there is little but names, which stay
  growYoungHeap(0)
  const { directories, target } = request
  for (const path of target === null ? directories : [target]) refuseLinkOfOthers(path)
  const report = createReport()
  const clients = await clientsOf(request, context, report)
  await work({ report, clients, disks: new FailedDisks() })
  if (!request.dryRun && !report.isInterrupted) await tidy(context)
  sortReport(report)
  report.hasNewForeign = noteForeign(report, request, context)
  return report
}

/** The clients of a run. Their code takes a while to load, and is rarely needed. */
async function clientsOf(
  { publish }: CompleteRequest,
  { state, cacheAccess: { now } }: CompleteContext,
  report: CompleteReport,
): Promise<RunClient[]> {
  if (publish.length === 0) return []
  const { RunClient } = await import('../../keep-seeded/sync.js')
  return publish.map((sync) => new RunClient(sync, { ...state, now }, report.clients))
}

/** Completes directories whose targets are locked at the same time. */
export async function completeTogether(targets: TargetDirectories, run: SharedRun): Promise<void> {
  try {
    await targets.open()
    await completeOpen(targets, run)
  } finally {
    await targets.close(run.report)
  }
}

/** Removes unused records of the cache, if it was needed. */
async function tidy({ cacheAccess: { cache, now } }: CompleteContext) {
  if (!cache.keepsAnything || !cache.isPruneDue()) return
  const { removeRecords, UNUSED_FOR } = await import('../../../disk/cache/maintain.js')
  await removeRecords(cache.store, { before: dayOf(now() - UNUSED_FOR) })
  await cache.flush()
}

async function completeOpen(targets: TargetDirectories, shared: SharedRun): Promise<void> {
  const { request, places, context } = targets
  const { report } = shared
  const filter = await loadNameFilter(request.common.scan)
  const directories: SourceDirectory[] = []
  for (const place of places) {
    try {
      directories.push(await openSourceDirectory(place, targets, filter, report))
    } catch (error) {
      noteOnce(report, place.directory, error)
      request.feed?.leave()
    }
  }
  checkDistinct(directories)
  const entries = directories.reduce((sum, { names }) => sum + names.length, 0)
  if (entries > MANY) boundHeapGrowth(GROWTH)
  const options = digestOptions(request)
  const isMade = ownFilesOf(directories, request.checksums, context)
  const feedPath = request.feed?.realPath
  const isOwnFile = (path: string) => path === feedPath || isMade(path)
  const hashContext = { ...context, rules: { ...context.rules, refusesWritten: true } }
  const run = { ...shared, request, places, hashContext, options, isOwnFile }
  await completeEntries(directories, run)
  if (!request.dryRun) request.feed?.enter(await findNewest(directories, report))
}

/** Completes entries, and does what is due after that. */
async function completeEntries(directories: readonly SourceDirectory[], run: CompleteRun) {
  const { request, report, watch } = run
  try {
    const { emptied, refused } = await completeAll(directories, run)
    const completed = directories.filter((directory) => !refused.has(directory))
    if (request.prune === 'never') watch.orphans?.(countOrphans(completed))
    else await pruneAll(completed, emptied, run)
    if (!request.dryRun && run.clients.length > 0) await publishAll(completed, emptied, run)
  } catch (error) {
    if (!(error instanceof BtkitError && error.code === 'interrupted')) throw error
    report.isInterrupted = true
  }
}

/**
 * Publishes the current torrents of the directories to the clients of a request, and withdraws
 * those that were removed.
 * @throws BtkitError `interrupted`
 */
async function publishAll(
  directories: readonly SourceDirectory[],
  emptied: ReadonlySet<string>,
  run: CompleteRun,
): Promise<void> {
  const left = leftAlone(run.report)
  // The torrents that this run found or made current
  const ownTorrents = (directory: SourceDirectory) =>
    directory.names.flatMap((entry) => {
      const name = torrentName(entry)
      const { sourcePath } = pathsOf(entry, directory)
      const { source, fingerprint } = directory.targetDirectory.log.get(name) ?? {}
      // Without a fingerprint, it was about to be written
      if (source !== directory.place + entry || left.has(sourcePath) || !fingerprint?.length)
        return []
      const stamp = Buffer.from(fingerprint).toString('base64')
      const dataDirectory = directory.remote ? null : directory.realDirectory
      return [{ name, dataDirectory, stamp }]
    })
  const all = [...byTarget(directories)].map((place) => {
    const [{ directory }, here] = place
    const isGone = prunedIn(place, emptied, run.request.prune)
    return { target: directory.path, torrents: here.flatMap(ownTorrents), isGone }
  })
  for (const client of run.clients) for (const wanted of all) await client.update(wanted)
}
