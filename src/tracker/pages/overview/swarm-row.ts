import { formatBytes } from '../../../base/text/quantity.js'
import { renderIfKnown } from '../../../page-parts/time.js'
import { renderBytes } from '../../../page-parts/rows.js'
import { type Html, type HtmlValue, html } from '../../../base/text/html.js'
import { WORDS } from '../../../page-parts/words.js'
import type { InfoHash } from '../../../metainfo/values.js'
import type { AllowedTorrent } from '../../allowed/allowed-torrent.js'

/** A torrent and the counts of its swarm, as pages show them. */
export interface SwarmRow {
  readonly infoHash: InfoHash
  readonly torrent: AllowedTorrent | null
  /** Null if unknown or hidden. */
  readonly name: string | null
  /** In lower case, in which words are searched; '' for none. */
  readonly lowerName: string
  /** By which rows are sorted; '' for none. */
  readonly nameKey: string
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

interface ColumnOfTorrents {
  readonly title: string
  /** Its class: `n` for numbers. */
  readonly kind: 'hash' | 'name' | 'n' | 'date'
  /** By which rows are sorted. */
  readonly value: (row: SwarmRow) => string | number
  /** The content of a cell; `link` makes a link to the torrent's page. Tables format numbers. */
  readonly cell: (row: SwarmRow, link: (text: string) => Html) => HtmlValue
  /** Whether its values are bytes. */
  readonly isBytes?: boolean
  /** Whether it is shown only together with names. */
  readonly isOfNames?: boolean
  /** Explains it to people. */
  readonly meaning?: string
}

export type TorrentColumn = 'added' | 'hash' | 'name' | Exclude<keyof RowTotals, 'torrents'>

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
    isBytes: true,
    isOfNames: true,
  },
  added: {
    title: WORDS.added,
    kind: 'date',
    value: ({ torrent }) => torrent?.metainfo?.addedMs ?? 0,
    cell: ({ torrent }) => renderIfKnown(torrent?.metainfo?.addedMs ?? null),
  },
  complete: figure('complete', WORDS.seeds, 'peers that have the whole torrent'),
  downloading: figure('downloading', WORDS.leechers, 'peers that lack parts of it'),
  downloaded: figure('downloaded', WORDS.completed, 'number of completed downloads'),
  transferred: {
    title: WORDS.transferred,
    kind: 'n',
    value: (row) => transferredOf(row) ?? -1,
    cell: (row) => row.size !== null && formatBytes(row.size * row.downloaded),
    isBytes: true,
    isOfNames: true,
    meaning: 'size times downloads',
  },
}

function figure(
  key: 'complete' | 'downloading' | 'downloaded',
  title: string,
  meaning: string,
): ColumnOfTorrents {
  return { title, kind: 'n', value: (row) => row[key], cell: (row) => row[key], meaning }
}
