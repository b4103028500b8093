import { resolve } from 'node:path'
import { digestOf } from '../../bytes.js'
import { realPath } from '../../files/inside.js'
import { readNote, removeNote, writeNote, type NotePlace } from '../../state/notes.js'
import type { CompleteReport } from './complete-report.js'
import type { CompleteContext, CompleteRequest } from './request.js'

/**
 * Compares the foreign torrents of a run with those that the last run over the same directories
 * reported, and stores them for the next run. Returns whether there are any and they differ.
 */
export function noteForeign(
  report: CompleteReport,
  request: CompleteRequest,
  context: CompleteContext,
): boolean {
  // It has not examined all entries
  if (report.isInterrupted) return false
  const foreign = foreignOf(report)
  const place = placeOf(request, context)
  const before = readNote(place)
  const now =
    foreign.length > 0 ? digestOf('sha256', JSON.stringify(foreign)).toString('hex') : null
  if (now === before) return false
  if (!request.dryRun) {
    if (now === null) removeNote(place)
    else writeNote(place, now)
  }
  return now !== null
}

function foreignOf({ skipped }: CompleteReport): readonly unknown[] {
  const foreign = skipped.filter(({ reason }) => reason === 'foreign')
  return foreign.map(({ torrentPath, reason, pieceLength }) => [torrentPath, reason, pieceLength])
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
