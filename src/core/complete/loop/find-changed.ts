import { setImmediate } from 'node:timers/promises'
import { refuseAborted } from '../../../base/errors.js'
import { growYoungHeap, YOUNG_HEAP } from '../../../base/heap-growth.js'
import { isTraced, trace } from '../../../base/text/trace.js'
import { unchangedDirectory } from '../decide/entry.js'
import { runOf, UnchangedEntries } from '../decide/unchanged.js'
import { noteOnce } from '../report.js'
import type { CompleteRun } from '../request.js'
import { checkOtherEntry, pathsOf } from '../target/directories.js'
import type { DirectoryEntry, SourceDirectory } from '../target/directories.js'
import type { RemotePlace } from '../target/remote-place.js'

// Without this file each unchanged entry would be opened, and its record parsed.

/** Number of entries between two turns of the event loop, for example to handle signals. */
const ENTRIES_PER_YIELD = 500

/** Number of directories between two looks at the space for new objects. */
const LOOKS = 64

/** Returns the directories that checkOtherEntry refuses, if others are to be completed. */
export function refuseOthers(
  changed: readonly DirectoryEntry[],
  { report }: CompleteRun,
): Set<SourceDirectory> {
  const refused = new Set<SourceDirectory>()
  for (const entry of changed) {
    const { directory } = entry
    if (refused.has(directory)) continue
    try {
      checkOtherEntry(entry)
    } catch (error) {
      if (!directory.branch) throw error
      refused.add(directory)
      noteOnce(report, directory.directory, error)
    }
  }
  return refused
}

/** Asks for the states of entries on servers. */
export async function askServers(changed: readonly DirectoryEntry[]): Promise<void> {
  const names = new Map<RemotePlace, string[]>()
  for (const { name, directory } of changed) {
    const { remote } = directory
    if (!remote) continue
    const own = names.get(remote)
    if (own) own.push(name)
    else names.set(remote, [name])
  }
  await Promise.all(Array.from(names, ([remote, own]) => remote.ask(own)))
}

/** Returns the entries that need a closer look; the others are counted as unchanged. */
export async function findChanged(
  directories: readonly SourceDirectory[],
  run: CompleteRun,
): Promise<DirectoryEntry[]> {
  const { report, request, hashContext } = run
  const changed: DirectoryEntry[] = []
  let [steps, looks] = [0, 0]
  for (const directory of directories) {
    const own = runOf(directory, run)
    const { trust } = hashContext.cacheAccess
    const unchanged = new UnchangedEntries(directory, { ...own, trust })
    for (const name of directory.names) {
      if (steps++ % ENTRIES_PER_YIELD === 0) {
        await setImmediate()
        refuseAborted(hashContext.engine.signal)
      }
      let size = request.force ? null : unchanged.sizeOfFile(name)
      if (size === undefined) {
        if (looks++ % LOOKS === 0) growYoungHeap(YOUNG_HEAP)
        size = await unchangedDirectory({ name, directory }, unchanged, own)
      }
      if (size === null) changed.push({ name, directory })
      else {
        if (isTraced)
          trace(() => `${pathsOf(name, directory).source}: unchanged, and so is its torrent`)
        report.unchanged++
        report.bytesReused += size
      }
    }
  }
  return changed
}
