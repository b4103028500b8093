import { osCodeOf } from '../../errors.js'
import { changeSince, readFingerprintIfThere } from '../../files/fingerprint.js'
import type { FoundFile } from './content.js'
import { markUnchecked, type PieceStates } from './pieces.js'

/**
 * Finds files that have changed since they were looked for. Returns what happened to them, by real
 * path. Their pieces become UNCHECKED.
 */
export function markChangedFiles(
  files: readonly FoundFile[],
  pieces: PieceStates,
): Map<string, string> {
  const changed = findChanged(files)
  for (const { found, stretch } of files) {
    if (found.kind === 'file' && changed.has(found.path)) markUnchecked(pieces, stretch)
  }
  return changed
}

function findChanged(files: readonly FoundFile[]): Map<string, string> {
  const changed = new Map<string, string>()
  for (const { found } of files) {
    const change = found.kind === 'file' ? changeOf(found.path, found.fingerprint) : null
    if (change !== null && found.kind === 'file') changed.set(found.path, change)
  }
  return changed
}

function changeOf(path: string, before: Parameters<typeof changeSince>[0]) {
  try {
    return changeSince(before, readFingerprintIfThere(path))
  } catch (error) {
    // A path through something that is no longer a directory, or not accessible, leads to no file
    if (osCodeOf(error) === undefined) throw error
    return 'disappeared'
  }
}
