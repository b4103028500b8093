import { dirname, relative, sep } from 'node:path'
import type { TrackerView } from '../../tracker/app/run-tracker.js'
import type { History } from '../../tracker/history/history.js'
import { transferredOf, type SwarmRow } from '../../tracker/page/swarm-row.js'
import { directoryOf, sumRows, takeTorrents } from './torrent-rows.js'
import type { PagesParts } from '../frame/parts.js'
import type { Cell } from './csv.js'

/** The kinds of reports. */
export const REPORTS = ['torrent', 'category', 'day'] as const

export type ReportKind = (typeof REPORTS)[number]

/** A column of a report. */
export interface ReportColumn {
  readonly title: string
  readonly kind: 'name' | 'count' | 'bytes'
  /** Whether only the CSV has it. Such columns are the last. */
  readonly isDetail?: boolean
}

/** A table of counts, the most completed downloads first, or the last day first. */
export interface Report {
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly Cell[])[]
}

export interface ReportParts extends Pick<PagesParts, 'directories' | 'archives'> {
  readonly view: TrackerView
}

const COUNTS: readonly ReportColumn[] = [
  { title: 'Completed', kind: 'count' },
  { title: 'Transferred', kind: 'bytes' },
  { title: 'Seeds', kind: 'count' },
  { title: 'Downloaders', kind: 'count' },
]

/** Computes a report. Transferred bytes are estimated: size times completed downloads. */
export async function makeReport(kind: ReportKind, parts: ReportParts): Promise<Report> {
  if (kind === 'day') return reportDays(parts.view.history)
  const { rows } = await takeTorrents(parts.view)
  return kind === 'torrent' ? reportTorrents(rows) : reportCategories(rows, parts)
}

function reportTorrents(rows: readonly SwarmRow[]): Report {
  const columns: ReportColumn[] = [
    { title: 'Torrent', kind: 'name' },
    ...COUNTS,
    { title: 'Size', kind: 'bytes' },
    { title: 'Info hash', kind: 'name', isDetail: true },
  ]
  const sorted = [...rows].sort((a, b) => b.downloaded - a.downloaded || b.complete - a.complete)
  return {
    columns,
    rows: sorted.map((row) => {
      const { name, infoHash, downloaded, complete, downloading, size } = row
      const counts = [downloaded, transferredOf(row), complete, downloading]
      return [name ?? infoHash, ...counts, size, infoHash]
    }),
  }
}

function reportCategories(rows: readonly SwarmRow[], parts: Places): Report {
  const sums = sumRows(rows, (path) => categoryOf(path ?? null, parts))
  const sorted = [...sums].sort(([, a], [, b]) => b.downloaded - a.downloaded)
  return {
    columns: [
      { title: 'Category', kind: 'name' },
      ...COUNTS,
      { title: 'Torrents', kind: 'count' },
      { title: 'Size', kind: 'bytes' },
    ],
    rows: sorted.map(([category, sum]) => {
      const counts = [sum.downloaded, sum.transferred, sum.complete, sum.downloading]
      return [category, ...counts, sum.torrents, sum.size]
    }),
  }
}

type Places = Pick<ReportParts, 'directories' | 'archives'>

/**
 * The category of a .torrent: its directory below an allowed one, `(top)` for that itself. Archived
 * torrents are in `/archive`.
 */
function categoryOf(path: string | null, { directories, archives }: Places): string {
  const root = directoryOf(path, [...directories, ...archives])
  if (path === null || root === null) return '(no file)'
  const names = relative(root, dirname(path)).split(sep)
  const category = [...(archives.includes(root) ? ['archive'] : []), ...names].filter(Boolean)
  return category.length === 0 ? '(top)' : `/${category.join('/')}`
}

/** Computes the report of days from a history. */
export function reportDays(history: Pick<History, 'of'>): Report {
  const days = history.of(null, 'year') ?? []
  const known = days.filter(({ completed }) => completed !== null).reverse()
  return {
    columns: [
      { title: 'Day (UTC)', kind: 'name' },
      { title: 'Completed', kind: 'count' },
      { title: 'Seeds on average', kind: 'count' },
      { title: 'Downloaders on average', kind: 'count' },
    ],
    rows: known.map(({ at, completed, complete, downloading }) => {
      const day = new Date(at).toISOString().slice(0, 10)
      return [day, completed, rounded(complete), rounded(downloading)]
    }),
  }
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(10 * value) / 10
}
