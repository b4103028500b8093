import type { InfoHash } from '../../../metainfo/values.js'
import type { AllowedTorrent, KnownSummary } from '../../allowed/allowed-torrent.js'
import type { CatalogueCategory } from './category.js'

/** A torrent and the counts of its swarm, as pages show them. */
export interface SwarmRow {
  readonly infoHash: InfoHash
  readonly torrent: AllowedTorrent | null
  /** The part of its file that is kept; null if only its info hash is known. */
  readonly summary: KnownSummary | null
  /** Null if there is no catalogue, or the torrent is not in it. */
  readonly category: CatalogueCategory | null
  /** Null if unknown or hidden. */
  readonly name: string | null
  /** In lower case, in which words are searched; '' for none. */
  readonly lowerName: string
  /** By which rows are sorted; '' for none. */
  readonly nameKey: string
  /** In bytes; null if unknown or hidden. */
  readonly size: number | null
  /** Number of seeds; -1 of a torrent that is not tracked. */
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
export type RowTotals = Record<
  'torrents' | 'size' | 'complete' | 'downloading' | 'downloaded' | 'transferred',
  number
>

/** Sums rows. */
export function sumRows(rows: Iterable<SwarmRow>): RowTotals {
  const totals = {
    torrents: 0,
    size: 0,
    complete: 0,
    downloading: 0,
    downloaded: 0,
    transferred: 0,
  }
  for (const row of rows) addRow(totals, row)
  return totals
}

/** Adds a row to sums. */
export function addRow(totals: RowTotals, row: SwarmRow): void {
  totals.torrents += 1
  totals.size += row.size ?? 0
  totals.complete += row.complete
  totals.downloading += row.downloading
  totals.downloaded += row.downloaded
  totals.transferred += transferredOf(row) ?? 0
}

/** The values by which lists of torrents are sorted. */
export type TorrentColumn =
  | 'name'
  | 'hash'
  | 'size'
  | 'added'
  | 'complete'
  | 'downloading'
  | 'downloaded'
  | 'transferred'

/** The value of a row by which it is sorted. */
export const SORT_VALUES: Readonly<Record<TorrentColumn, (row: SwarmRow) => string | number>> = {
  hash: ({ infoHash }) => infoHash,
  // Rows without a name come last
  name: ({ name, nameKey }) => (name === null ? '\uffff' : nameKey),
  size: ({ size }) => size ?? -1,
  added: ({ summary }) => summary?.addedMs ?? -1,
  complete: ({ complete }) => complete,
  downloading: ({ downloading }) => downloading,
  downloaded: ({ downloaded }) => downloaded,
  transferred: (row) => transferredOf(row) ?? -1,
}

/** The keys of the same. */
export const SORT_KEYS = Object.keys(SORT_VALUES) as TorrentColumn[]
