import { removeNote, writeNote } from '../../state/notes.js'
import type { CompleteReport, SkipReason } from './report.js'
import { BUSY, type Sight, type Standstill } from './sight.js'

/** What a run that did nothing has to report. */
type QuietReport = Pick<CompleteReport, 'unchanged' | 'bytesReused' | 'skipped'>

/**
 * Enters what an earlier run reported that saw all just as it is now, and found nothing to do. Returns
 * whether there was one.
 */
export function repeatReport(sight: Sight | null, report: CompleteReport): boolean {
  if (sight === null || sight.digest === null) return false
  const { note } = sight
  if (note?.seen !== sight.digest) return false
  const { unchanged, bytesReused, skipped } = note.report as QuietReport
  report.unchanged = unchanged
  report.bytesReused = bytesReused
  report.skipped.push(...skipped)
  return true
}

/**
 * Notes what a run reported, if it found nothing to do and the next ones would not either; else that
 * the next one need not look for such a note, until one more found nothing to do.
 */
export function noteStandstill(sight: Sight | null, report: CompleteReport): void {
  if (sight === null || report.isInterrupted) return
  const { place, note, digest, isSettled } = sight
  if (!isQuiet(report)) {
    const busy: Standstill = { seen: BUSY, report: null }
    if (note?.seen !== BUSY) writeNote(place, busy)
  } else if (digest === null) removeNote(place)
  else if (isSettled) {
    const { unchanged, bytesReused, skipped } = report
    const quiet: QuietReport = { unchanged, bytesReused, skipped }
    const standstill: Standstill = { seen: digest, report: quiet }
    writeNote(place, standstill)
  }
}

/** Why entries are left out that are left out again as long as nothing changes. */
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
