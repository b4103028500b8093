import { basename, dirname } from 'node:path'
import type { ChecksumName } from '../checksums/algorithms.js'
import { parseListName } from '../checksums/lists.js'
import { entryName, type SourceDirectory } from './directories.js'
import type { TargetDirectory } from './targets.js'

/**
 * Tells by real paths the torrents and lists of checksums that a run writes, or earlier ones wrote,
 * into its targets. They are content of nothing: a directory that holds some would get another info
 * hash whenever one of them is written.
 */
export function ownFilesOf(
  directories: readonly SourceDirectory[],
  checksums: readonly ChecksumName[],
): (path: string) => boolean {
  // Few runs meet any torrent among content, and names may be millions
  let targets: Map<string, Target> | undefined
  return (path) => {
    const file = basename(path)
    const entry = madeOf(file, checksums)
    if (entry === undefined) return false
    targets ??= targetsOf(directories)
    const target = targets.get(dirname(path))
    if (target === undefined) return false
    const { sources, targetDirectory } = target
    return (entry !== null && sources.has(entry)) || targetDirectory.log.get(file) !== null
  }
}

/**
 * The entry of which a run makes a file of that name; null when only an earlier one may have, and
 * undefined when none does.
 */
function madeOf(file: string, checksums: readonly ChecksumName[]): string | null | undefined {
  const torrentOf = entryName(file)
  if (torrentOf !== null) return torrentOf
  const list = parseListName(file)
  if (list === null) return undefined
  return checksums.includes(list.checksum) ? list.name : null
}

/** A directory of torrents, and the names of the entries that get theirs there. */
interface Target {
  readonly targetDirectory: TargetDirectory
  readonly sources: Set<string>
}

function targetsOf(directories: readonly SourceDirectory[]): Map<string, Target> {
  const targets = new Map<string, Target>()
  for (const { targetDirectory, names } of directories) {
    const { realPath } = targetDirectory
    const target = targets.get(realPath) ?? { targetDirectory, sources: new Set() }
    for (const name of names) target.sources.add(name)
    targets.set(realPath, target)
  }
  return targets
}
