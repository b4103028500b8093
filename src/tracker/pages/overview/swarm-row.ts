import { formatBytes } from '../../../base/text/quantity.js'
import { renderIfKnown } from '../../../page-parts/time.js'
import { renderBytes } from '../../../page-parts/rows.js'
import { type HtmlValue, html } from '../../../base/text/html.js'
import { WORDS } from '../../../page-parts/words.js'
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

/** Renders the cell of a row; `link` makes a link to the torrent's page. */
export type Cell<Row = SwarmRow> = (row: Row, link: (text: string) => HtmlValue) => HtmlValue

interface ColumnOfTorrents {
  readonly title: string
  readonly kind: 'hash' | 'name' | 'n' | 'date'
  /** By which rows are sorted. */
  readonly value: (row: SwarmRow) => string | number
  /** Tables format numbers. */
  readonly cell: Cell
  /** Its sum. */
  readonly total?: (totals: RowTotals) => HtmlValue
  /** Whether it is shown only together with names. */
  readonly isOfNames?: boolean
  /** Explains it to people. */
  readonly meaning?: string
}

export type TorrentColumn =
  | 'added'
  | 'changed'
  | 'hash'
  | 'name'
  | Exclude<keyof RowTotals, 'torrents'>

const ADDED: ColumnOfTorrents = {
  title: WORDS.added,
  kind: 'date',
  value: ({ summary }) => summary?.addedMs ?? -1,
  cell: ({ summary }) => renderIfKnown(summary?.addedMs ?? null),
}

/** The columns of all tables of torrents. */
export const COLUMNS: Readonly<Record<TorrentColumn, ColumnOfTorrents>> = {
  hash: {
    title: WORDS.infoHash,
    kind: 'hash',
    value: ({ infoHash }) => infoHash,
    cell: ({ infoHash }, link) => html`<code>${link(infoHash)}</code>`,
    meaning: 'identifies the torrent',
  },
  // Rows without a name come last
  name: {
    title: WORDS.name,
    kind: 'name',
    value: ({ name, nameKey }) => (name === null ? '\uffff' : nameKey),
    cell: ({ name }, link) => name !== null && link(name),
    isOfNames: true,
  },
  size: {
    title: WORDS.size,
    kind: 'n',
    value: ({ size }) => size ?? -1,
    cell: ({ size }) => size !== null && renderBytes(size),
    total: ({ size }) => formatBytes(size),
    isOfNames: true,
  },
  added: ADDED,
  changed: { ...ADDED, title: WORDS.changed },
  complete: figure('complete', WORDS.seeds, 'peers that have the whole torrent'),
  downloading: figure('downloading', WORDS.leechers, 'peers that lack parts of it'),
  downloaded: figure('downloaded', WORDS.completed, 'number of completed downloads'),
  transferred: {
    title: WORDS.transferred,
    kind: 'n',
    value: (row) => transferredOf(row) ?? -1,
    cell: (row) => row.size !== null && formatBytes(row.size * row.downloaded),
    total: ({ transferred }) => formatBytes(transferred),
    isOfNames: true,
    meaning: 'size times downloads',
  },
}

function figure(
  key: 'complete' | 'downloading' | 'downloaded',
  title: string,
  meaning: string,
): ColumnOfTorrents {
  const cell = (row: SwarmRow) => (row[key] < 0 ? '–' : row[key])
  return { title, kind: 'n', value: (row) => row[key], cell, total: (sums) => sums[key], meaning }
}
