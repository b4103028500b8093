import { sep } from 'node:path'
import type { TrackerView } from '../../tracker/app/run-tracker.js'
import { makeRow, Snapshot } from '../../tracker/page/snapshot.js'
import type { SwarmRow } from '../../tracker/page/swarm-row.js'

/** Returns a row for each torrent, as in the catalogue: a hybrid's has the larger counts. */
export function takeTorrents({
  store,
  torrents: { torrents, isOpen },
}: Pick<TrackerView, 'store' | 'torrents'>): Promise<Snapshot> {
  return Snapshot.take({ store, torrents, isOpen, showNames: true, mergesHybrids: true })
}

/** Returns the rows of the torrents whose files are at some paths, by path. */
export async function takeTorrentsAt(
  paths: ReadonlySet<string>,
  { store, torrents: { torrents } }: Pick<TrackerView, 'store' | 'torrents'>,
): Promise<ReadonlyMap<string, SwarmRow>> {
  const rows = new Map<string, SwarmRow>()
  for (const [infoHash, torrent] of torrents) {
    const path = torrent.metainfo?.path ?? null
    if (path === null || !paths.has(path) || rows.has(path)) continue
    rows.set(
      path,
      await makeRow(infoHash, torrent, { store, showNames: true, mergesHybrids: true }),
    )
  }
  return rows
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
