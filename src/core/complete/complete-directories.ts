import { noteForeign } from './foreign-torrents.js'
import { createReport, sortReport, type CompleteReport } from './complete-report.js'
import type { CompleteContext, CompleteRequest, CompleteWatch } from './request.js'
import { takeSnapshot, type InputSnapshot } from './input-snapshot.js'
import { repeatReport, writeMemo } from './unchanged-memo.js'
import { TargetLocks } from './target-locks.js'

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
  let snapshot: InputSnapshot | null = null
  let isRepeated = false
  try {
    await locks.take()
    snapshot = await takeSnapshot(locks.paths, request, context)
    isRepeated = repeatReport(snapshot, report)
    if (!isRepeated) {
      // Imported late, because it is most of the program
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
