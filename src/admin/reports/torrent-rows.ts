import { sep } from 'node:path'
import type { TrackerView } from '../../tracker/app/run-tracker.js'
import { Snapshot } from '../../tracker/page/snapshot.js'

/** Returns a row for each torrent, as in the catalogue: a hybrid's has the larger counts. */
export function takeTorrents({
  store,
  torrents: { torrents, isOpen },
}: Pick<TrackerView, 'store' | 'torrents'>): Promise<Snapshot> {
  return Snapshot.take({ store, torrents, isOpen, showNames: true, mergesHybrids: true })
}

/**
 * The directory, of several, that a file is below; null if none. An archive may be below another
 * one, so the longest path wins.
 */
export function directoryOf(
  path: string | null | undefined,
  directories: readonly string[],
): string | null {
  const above = directories.filter((each) => path?.startsWith(`${each}${sep}`))
  return above.sort((a, b) => b.length - a.length)[0] ?? null
}
