import { removeNote, writeNote } from '../../state/notes.js'
import type { CompleteReport, SkipReason } from './complete-report.js'
import { BUSY, type InputSnapshot, type UnchangedMemo } from './input-snapshot.js'

/** The report of a run that changed nothing. */
type QuietReport = Pick<CompleteReport, 'unchanged' | 'bytesReused' | 'skipped'>

/**
 * Repeats the report of an earlier run that had the same inputs and found nothing to do. Returns
 * whether there was one.
 */
export function repeatReport(snapshot: InputSnapshot | null, report: CompleteReport): boolean {
  if (snapshot === null || snapshot.digest === null) return false
  const { memo } = snapshot
  if (memo?.seen !== snapshot.digest) return false
  const { unchanged, bytesReused, skipped } = memo.report as QuietReport
  report.unchanged = unchanged
  report.bytesReused = bytesReused
  report.skipped.push(...skipped)
  return true
}

/**
 * Writes the memo of a run that found nothing to do, if later runs would find nothing, too.
 * Otherwise writes that the next run need not take a snapshot, until another run has found nothing
 * to do.
 */
export function writeMemo(snapshot: InputSnapshot | null, report: CompleteReport): void {
  if (snapshot === null || report.isInterrupted) return
  const { place, memo, digest, isSettled } = snapshot
  if (!isQuiet(report)) {
    const busy: UnchangedMemo = { seen: BUSY, report: null }
    if (memo?.seen !== BUSY) writeNote(place, busy)
  } else if (digest === null) removeNote(place)
  else if (isSettled) {
    const { unchanged, bytesReused, skipped } = report
    const quiet: QuietReport = { unchanged, bytesReused, skipped }
    const quietMemo: UnchangedMemo = { seen: digest, report: quiet }
    writeNote(place, quietMemo)
  }
}

/** Reasons for skipping an entry that stay valid while nothing changes. */
const LASTING: ReadonlySet<SkipReason> = new Set([
  'empty',
  'the target',
  'not a regular file',
  'link',
  'link leads outside',
  'link loop',
  'broken link',
  'foreign',
  'outdated',
  'edited',
])

function isQuiet(report: CompleteReport): boolean {
  const { created, updated, adopted, removed, failed, checksumLists, skipped } = report
  const { bytesHashed, backslashed } = report
  const lists = Object.values(checksumLists) as readonly unknown[][]
  const changes: readonly unknown[][] = [created, updated, adopted, removed, failed, ...lists]
  return (
    changes.every((list) => list.length === 0) &&
    skipped.every(({ reason }) => LASTING.has(reason)) &&
    bytesHashed + backslashed.count === 0
  )
}
