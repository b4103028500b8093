import { resolve } from 'node:path'
import { digestOf } from '../../digest.js'
import { realPath } from '../../files/inside.js'
import { readNote, removeNote, writeNote, type NotePlace } from '../../state/notes.js'
import type { CompleteReport, Failure } from './complete-report.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/** Whether a failure repeats in each run until somebody renames or excludes an entry. */
export function isLasting({ code }: Failure): boolean {
  return code === 'bad-name'
}

/**
 * Compares the lasting problems of a run with those that the last run over the same directories
 * reported, and stores them for the next run. Returns whether there are any and they differ.
 */
export function noteProblems(
  report: CompleteReport,
  request: CompleteRequest,
  context: CompleteContext,
): boolean {
  // It has not examined all entries
  if (report.isInterrupted) return false
  const problems = problemsOf(report)
  const place = placeOf(request, context)
  const before = readNote(place)
  const now =
    problems.length > 0 ? digestOf('sha256', JSON.stringify(problems)).toString('hex') : null
  if (now === before) return false
  if (!request.dryRun) {
    if (now === null) removeNote(place)
    else writeNote(place, now)
  }
  return now !== null
}

function problemsOf({ failed, skipped }: CompleteReport): readonly unknown[] {
  const left = skipped.filter(({ reason }) => reason === 'foreign')
  return [
    ...failed.filter(isLasting).map(({ sourcePath, message }) => [sourcePath, message]),
    ...left.map(({ torrentPath, reason, pieceLength }) => [torrentPath, reason, pieceLength]),
  ]
}

function placeOf({ directories, target }: CompleteRequest, { state }: CompleteContext): NotePlace {
  const places = [directories.map(realOrAbsolute), target && realOrAbsolute(target)]
  return { stateDirectory: state.directory, kind: 'reported', key: JSON.stringify(places) }
}

function realOrAbsolute(path: string): string {
  try {
    return realPath(path) ?? resolve(path)
  } catch {
    return resolve(path)
  }
}
