import type { CompleteReport } from '../../../core/complete/report.js'
import { jsonLine } from '../../../text/json-line.js'
import { formatBytes } from '../../output/quantity.js'

/** The report of completedir for people: a line for each change, then the sum. */
export function completeText(
  report: CompleteReport,
  { seconds, dryRun }: { seconds: number; dryRun: boolean },
): string[] {
  const { created, updated, removed, skipped, failed, unchanged } = report
  const counts = [
    `created ${created.length}`,
    `updated ${updated.length}`,
    `unchanged ${unchanged}`,
    `removed ${removed.length}`,
    ...(skipped.length > 0 ? [`skipped ${skipped.length}`] : []),
    `failed ${failed.length}`,
  ]
  const read = `read ${formatBytes(report.bytesHashed)}`
  const reused = `reused ${formatBytes(report.bytesReused)}`
  return [
    ...created.map(({ torrent }) => `${dryRun ? 'would create' : 'created'} ${torrent}`),
    ...updated.map(({ torrent }) => `${dryRun ? 'would update' : 'updated'} ${torrent}`),
    ...removed.map(({ torrent }) => `${dryRun ? 'would remove' : 'removed'} ${torrent}`),
    ...skipped.map(({ source, reason }) => `skipped ${source}: ${reason}`),
    `${dryRun ? 'dry run: ' : ''}${counts.join(', ')}; ${read}, ${reused}, ${seconds.toFixed(1)} s`,
  ]
}

/** The report of completedir for programs. */
export function completeJson(
  report: CompleteReport,
  { seconds, dryRun }: { seconds: number; dryRun: boolean },
): string {
  const { created, updated, removed, unchanged, failed, skipped } = report
  const { bytesHashed, bytesReused } = report
  const changes = { created, updated, removed, unchanged, failed, skipped }
  return jsonLine({ ...changes, bytesHashed, bytesReused, seconds, dryRun })
}
