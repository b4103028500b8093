import { lstatSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { TorrentRecord } from '../../state/torrent-log.js'
import { torrentName, type SourceDirectory } from './directories.js'
import type { TorrentPaths } from './complete-report.js'

/** Inputs of pruning. */
export interface PruneRules {
  readonly directories: readonly SourceDirectory[]
  /** The real paths of the torrents whose entries lost all their bytes. */
  readonly emptied: ReadonlySet<string>
}

/** A torrent or list of btkit in a target without an entry in the request. */
export interface Orphan {
  /** Its file name. */
  readonly file: string
  readonly directory: SourceDirectory
  readonly record: TorrentRecord
  /** Paths of the source, and of the file as `torrent`. */
  readonly paths: TorrentPaths
  /** Whether its entry exists, but lost all its bytes. */
  readonly isEmptied: boolean
}

/**
 * Finds btkit's files in all targets whose sources no longer exist. `entryOf` returns the entry for
 * a file name; null if there is none.
 */
export function* findOrphans(
  rules: PruneRules,
  entryOf: (file: string) => string | null,
): Generator<Orphan> {
  const seen = new Set<unknown>()
  for (const directory of rules.directories) {
    if (seen.has(directory.targetDirectory)) continue
    seen.add(directory.targetDirectory)
    yield* findOrphansIn(directory, rules, entryOf)
  }
}

function findOrphansIn(
  directory: SourceDirectory,
  { directories, emptied }: PruneRules,
  entryOf: (file: string) => string | null,
): Orphan[] {
  const { targetDirectory } = directory
  const { files, log, realPath } = targetDirectory
  const here = directories.filter((other) => other.targetDirectory === targetDirectory)
  const expected = new Set(here.flatMap(({ names }) => names))
  return files.flatMap((file) => {
    const name = entryOf(file)
    if (name === null) return []
    const isEmptied = emptied.has(join(realPath, torrentName(name)))
    if (expected.has(name) && !isEmptied) return []
    const record = log.get(file)
    if (!record) return []
    const paths = pathsOfOrphan(file, record, here)
    if (!paths || !(isEmptied || isGone(paths.sourcePath))) return []
    return [{ file, directory, record, paths, isEmptied }]
  })
}

/** Returns null if the source was in none of the request's directories. */
function pathsOfOrphan(
  file: string,
  { source }: TorrentRecord,
  directories: readonly SourceDirectory[],
): TorrentPaths | null {
  const home = directories.find(({ realDirectory }) => realDirectory === dirname(source))
  if (!home) return null
  return {
    source: join(home.directory, basename(source)),
    sourcePath: source,
    torrent: join(home.target, file),
    torrentPath: join(home.targetDirectory.realPath, file),
  }
}

/** Whether a path no longer exists. Entries that are left out, such as hidden ones, still exist. */
function isGone(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined
}
