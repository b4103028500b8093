import type { RowPage } from './snapshot.js'
import { transferredOf, type SwarmRow } from './swarm-row.js'
import type { TorrentLinks } from './torrent-links.js'

/** The JSON form of a row. */
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
 * The JSON form of the page of all torrents. `takenAt` is the time of its figures, in milliseconds
 * since 1970.
 */
export function jsonOfRows(
  { rows, totals, page, pages }: RowPage,
  links: TorrentLinks,
  takenAt: number,
) {
  const time = new Date(takenAt).toISOString()
  // Older versions called the number of torrents `files`
  const sums = { files: totals.torrents, ...totals }
  return { time, page, pages, totals: sums, torrents: rows.map((row) => jsonOfRow(row, links)) }
}
