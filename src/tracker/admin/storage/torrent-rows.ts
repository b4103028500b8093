import { sep } from 'node:path'
import type { TrackerView } from '../../app/run-tracker.js'
import { Snapshot, makeRow } from '../../pages/overview/torrent-rows.js'
import { NO_ROWS, type RowTotals, type SwarmRow, addRow } from '../../pages/overview/swarm-row.js'

/** Returns a row for each torrent, as in the catalogue: a hybrid's has the larger counts. */
export function takeTorrents({
  store,
  torrents: { torrents, isOpen },
}: Pick<TrackerView, 'store' | 'torrents'>): Promise<Snapshot> {
  return Snapshot.take({ store, torrents, isOpen, showNames: true })
}

/** Returns the rows of the torrents whose files are at some paths, by path. */
export function takeTorrentsAt(
  paths: ReadonlySet<string>,
  { store, torrents: { torrents } }: Pick<TrackerView, 'store' | 'torrents'>,
): ReadonlyMap<string, SwarmRow> {
  const rows = new Map<string, SwarmRow>()
  for (const [infoHash, torrent] of torrents) {
    const path = torrent.metainfo?.path ?? null
    if (path === null || !paths.has(path) || rows.has(path)) continue
    rows.set(path, makeRow(infoHash, torrent, { store, showNames: true }))
  }
  return rows
}

/**
 * Sums rows by a key that the path of the .torrent has; rows without a key are left out. The path
 * is null for a torrent without a file, and undefined for one of which only the info hash is known.
 */
export function sumRows(
  rows: readonly SwarmRow[],
  keyOf: (path: string | null | undefined) => string | null,
): Map<string, RowTotals> {
  const sums = new Map<string, RowTotals>()
  for (const row of rows) {
    const key = keyOf(row.torrent?.metainfo?.path)
    if (key !== null) sums.set(key, addRow(sums.get(key) ?? NO_ROWS, row))
  }
  return sums
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
