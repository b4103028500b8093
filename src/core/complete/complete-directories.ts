import { noteProblems } from './lasting-problems.js'
import { createReport, sortReport, type CompleteReport } from './report.js'
import type { CompleteContext, CompleteRequest, CompleteWatch } from './request.js'
import { takeSnapshot, type InputSnapshot } from './input-snapshot.js'
import { repeatReport, writeMemo } from './unchanged-memo.js'
import { TargetLocks } from './target-locks.js'

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
  const locks = new TargetLocks(request, context)
  const report = createReport()
  let snapshot: InputSnapshot | null = null
  let isRepeated = false
  try {
    await locks.take()
    snapshot = await takeSnapshot(locks.paths, request, context)
    isRepeated = repeatReport(snapshot, report)
    if (!isRepeated) {
      // Only now: it is most of the program
      const { completeLocked } = await import('./complete-locked.js')
      await completeLocked({ locks, report }, watch)
    }
  } finally {
    locks.release()
  }
  if (!isRepeated) writeMemo(snapshot, report)
  if (!request.dryRun && !report.isInterrupted) {
    await tidy(context, request.cacheMaxSize)
  }
  sortReport(report)
  report.hasNewProblems = noteProblems(report, request, context)
  return report
}

/** A cache that nobody needed is opened for it only when it is time. */
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
