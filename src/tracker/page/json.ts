import type { RowPage } from './snapshot.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'

/** A row as programs read it. */
export function jsonOfRow(row: SwarmRow, links: TorrentLinks) {
  const { infoHash, name, size, complete, downloading, downloaded } = row
  return {
    infoHash,
    name,
    size,
    complete,
    downloading,
    downloaded,
    transferred: transferredOf(row),
    magnet: links.magnet(row),
    file: links.file(row),
  }
}

/**
 * The page of all torrents as programs read it; `takenAt`, when its figures were, is in
 * milliseconds since 1970.
 */
export function jsonOfRows(
  { rows, totals, page, pages }: RowPage,
  links: TorrentLinks,
  takenAt: number,
) {
  const time = new Date(takenAt).toISOString()
  // The name that older versions had for the number of torrents
  const sums = { files: totals.torrents, ...totals }
  return { time, page, pages, totals: sums, torrents: rows.map((row) => jsonOfRow(row, links)) }
}
