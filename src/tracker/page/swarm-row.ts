import type { AllowedTorrent } from '../allowed/known-torrent.js'

/** A torrent and the counts of its swarm, as pages show them. */
export interface SwarmRow {
  /** In hexadecimal. */
  readonly infoHash: string
  readonly torrent: AllowedTorrent | null
  /** Null if unknown or hidden. */
  readonly name: string | null
  /** In bytes; null if unknown or hidden. */
  readonly size: number | null
  /** Number of seeds. */
  readonly complete: number
  readonly downloading: number
  /** Number of completed downloads. */
  readonly downloaded: number
}

/** Estimates the bytes transferred: size times completed downloads. */
export function transferredOf({ size, downloaded }: SwarmRow): number | null {
  return size === null ? null : size * downloaded
}

/** The sums of many rows. */
export interface RowTotals {
  readonly torrents: number
  readonly size: number
  readonly complete: number
  readonly downloading: number
  readonly downloaded: number
  readonly transferred: number
}

export const NO_ROWS: RowTotals = {
  torrents: 0,
  size: 0,
  complete: 0,
  downloading: 0,
  downloaded: 0,
  transferred: 0,
}

export function addRow(totals: RowTotals, row: SwarmRow): RowTotals {
  return {
    torrents: totals.torrents + 1,
    size: totals.size + (row.size ?? 0),
    complete: totals.complete + row.complete,
    downloading: totals.downloading + row.downloading,
    downloaded: totals.downloaded + row.downloaded,
    transferred: totals.transferred + (transferredOf(row) ?? 0),
  }
}
