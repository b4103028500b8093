import { setImmediate } from 'node:timers/promises'
import type { ServerContext } from '../../../server/context.js'
import { SLICE, filterInSlices, sortInSlices } from '../../../page-parts/slices.js'
import { type ListOrder, type Paged, paged, parseOrder } from '../../../page-parts/sorting.js'
import { infoHashOfBytes, swarmHashes } from '../../../metainfo/info-hash.js'
import type { InfoHash, InfoHashes } from '../../../metainfo/values.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import type { AllowedTorrent } from '../../allowed/allowed-torrent.js'
import type { TorrentList } from '../../allowed/torrent-list.js'
import { MAX_SEARCH } from './site.js'
import {
  addRow,
  COLUMNS,
  NO_ROWS,
  type RowTotals,
  type SwarmRow,
  type TorrentColumn,
} from './swarm-row.js'
import type { SwarmStore } from '../../swarms/swarm-store.js'
import type { SwarmCounts } from '../../swarms/swarm-types.js'

/** Numbers of seeds, other peers and completed downloads. */
interface Figures {
  readonly complete: number
  readonly downloading: number
  readonly downloaded: number
}

const NONE: Figures = { complete: 0, downloading: 0, downloaded: 0 }

/**
 * The current figures of a torrent. A hybrid torrent has two swarms, whose peers are mostly the
 * same; the larger numbers count.
 */
function figuresOf(summary: InfoHashes, store: Pick<SwarmStore, 'scrape'>): Figures {
  return swarmHashes(summary).reduce<Figures>(
    (figures, hash) => larger(figures, store.scrape(Buffer.from(hash, 'hex'))),
    NONE,
  )
}

function larger(figures: Figures, swarm: SwarmCounts | null): Figures {
  if (swarm === null) return figures
  return {
    complete: Math.max(figures.complete, swarm.complete),
    downloading: Math.max(figures.downloading, swarm.incomplete),
    downloaded: Math.max(figures.downloaded, swarm.downloaded),
  }
}

/** The most swarms that are listed. Further ones are only counted. */
const MAX_ROWS = 200_000

/** Rows per page. */
const PAGE_LENGTH = 200

interface SnapshotSource {
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  /** The known torrents, by info hash in hexadecimal. */
  readonly torrents: ReadonlyMap<InfoHash, AllowedTorrent>
  /** Whether unknown torrents are tracked, too. */
  readonly isOpen: boolean
  /** Whether names and sizes are shown. */
  readonly showNames: boolean
}

/** The rows of one page, with totals. */
export interface RowPage extends Pick<Paged<SwarmRow>, 'page' | 'pages'> {
  readonly rows: readonly SwarmRow[]
  /** Sums of all rows that pass the filter. */
  readonly totals: RowTotals
}

/** All swarms at one time. Queries share the work of sorting. */
export class Snapshot {
  readonly #sorted = new Map<TorrentColumn, Promise<readonly SwarmRow[]>>()

  private constructor(
    readonly rows: readonly SwarmRow[],
    readonly totals: RowTotals,
  ) {}

  /** Reads all swarms, in small steps. */
  static async take(source: SnapshotSource): Promise<Snapshot> {
    const rows: SwarmRow[] = []
    let totals = NO_ROWS
    for await (const row of rowsOf(source)) {
      totals = addRow(totals, row)
      if (rows.length < MAX_ROWS) rows.push(row)
    }
    return new Snapshot(rows, totals)
  }

  /** Whether there are more swarms than rows. */
  get isCut(): boolean {
    return this.totals.torrents > this.rows.length
  }

  /** All rows in ascending order of a value. */
  order(key: TorrentColumn): Promise<readonly SwarmRow[]> {
    const sorted = this.#sorted.get(key) ?? sortInSlices(this.rows, compareRows(key))
    this.#sorted.set(key, sorted)
    return sorted
  }

  async page({ sort, filter, isDescending, page: wanted }: RowQuery): Promise<RowPage> {
    const sorted = await this.order(sort)
    const isAll = filter === ''
    const rows = isAll ? sorted : await filterInSlices(sorted, (row) => matchesFilter(row, filter))
    const totals = isAll ? this.totals : rows.reduce(addRow, NO_ROWS)
    const ordered = isDescending ? rows.toReversed() : rows
    const { items, page, pages } = paged(ordered, wanted, PAGE_LENGTH)
    return { rows: items, totals, page, pages }
  }
}

/** Maximum age of the figures on pages, in milliseconds. */
const MAX_AGE = 10_000

/**
 * Takes a snapshot when its pages are asked for, and again after a while or a change of torrents.
 */
export class FreshSnapshot {
  #taking: Promise<Snapshot> | null = null
  #version = ''
  #at = 0
  /** The time of the last snapshot, in milliseconds since 1970. */
  takenAt = 0

  constructor(
    private readonly source: Omit<SnapshotSource, 'torrents' | 'isOpen'> & {
      readonly torrents: Pick<TorrentList, 'torrents' | 'version' | 'isOpen'>
    },
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {}

  /** The snapshot of this moment; the same one for all its callers. */
  get(): Promise<Snapshot> {
    const { torrents, ...source } = this.source
    const at = this.clocks.monotonic()
    const isFresh = at - this.#at < MAX_AGE && this.#version === torrents.version
    if (this.#taking && isFresh) return this.#taking
    this.#at = at
    this.#version = torrents.version
    this.takenAt = this.clocks.now()
    const { torrents: known, isOpen } = torrents
    const taking = Snapshot.take({ ...source, torrents: known, isOpen })
    this.#taking = taking
    taking.catch(() => {
      // The next request tries again
      if (this.#taking === taking) this.#taking = null
    })
    return taking
  }
}

/**
 * Yields all known torrents, with or without a swarm, and then the other swarms. A hybrid is one.
 */
async function* rowsOf(source: SnapshotSource): AsyncGenerator<SwarmRow> {
  const { store, torrents, isOpen } = source
  let count = 0
  for (const [infoHash, torrent] of torrents) {
    if (firstHash(torrent, torrents) !== infoHash) continue
    yield makeRow(infoHash, torrent, source)
    count += 1
    if (count % SLICE === 0) await setImmediate()
  }
  for (const swarm of isOpen ? store.list() : []) {
    count += 1
    if (count % SLICE === 0) await setImmediate()
    const infoHash = infoHashOfBytes(swarm.infoHash)
    if (torrents.has(infoHash)) continue
    yield rowOf(infoHash, null, { ...swarm, downloading: swarm.incomplete })
  }
}

/** The first of a torrent's info hashes that is known: one of them may be banned. */
export function firstHash(
  { infoHash, metainfo }: AllowedTorrent,
  known: SnapshotSource['torrents'],
): InfoHash {
  const hashes = metainfo === null ? [] : swarmHashes(metainfo)
  return hashes.find((hash) => known.has(hash)) ?? infoHash
}

/** Makes the row of a torrent that is known or has a swarm. */
export function makeRow(
  infoHash: InfoHash,
  torrent: AllowedTorrent | null,
  { store, showNames }: Pick<SnapshotSource, 'showNames'> & { store: Pick<SwarmStore, 'scrape'> },
): SwarmRow {
  const swarms = torrent?.metainfo ?? { infoHash, infoHashV2: null }
  const row = rowOf(infoHash, torrent, figuresOf(swarms, store))
  return showNames ? row : { ...row, name: null, lowerName: '', nameKey: '', size: null }
}

function rowOf(infoHash: InfoHash, torrent: AllowedTorrent | null, figures: Figures): SwarmRow {
  const summary = torrent?.metainfo ?? null
  const name = summary?.name ?? null
  const lowerName = name?.toLowerCase() ?? ''
  // Lists all properties: objects made by spreading are slow to read, and lists read them all
  return {
    infoHash,
    torrent,
    name,
    lowerName,
    nameKey: naturalKey(lowerName),
    size: summary?.size ?? null,
    complete: figures.complete,
    downloading: figures.downloading,
    downloaded: figures.downloaded,
  }
}

/** The sort keys, in the order of the columns. */
export const SORT_KEYS = [
  'hash',
  'name',
  'size',
  'complete',
  'downloading',
  'downloaded',
  'transferred',
] as const
export type TorrentSortKey = (typeof SORT_KEYS)[number]

/** Filter, order and page of a listing. */
export interface RowQuery extends ListOrder<TorrentSortKey> {
  /** Text that names contain or info hashes begin with, in lower case; empty for all. */
  readonly filter: string
}

/** Reads a page's query. Missing and invalid fields get their defaults. */
export function parseRowQuery(parameters: URLSearchParams, hasNames: boolean): RowQuery {
  return {
    ...parseOrder(parameters, SORT_KEYS, hasNames ? 'name' : 'hash'),
    filter: (parameters.get('q') ?? '').trim().slice(0, MAX_SEARCH).toLowerCase(),
  }
}

/** Formats a query for a link, without default values. */
export function formatRowQuery({ sort, isDescending, filter, page }: RowQuery): string {
  const parameters = new URLSearchParams({ sort })
  if (isDescending) parameters.set('order', 'desc')
  if (filter !== '') parameters.set('q', filter)
  if (page > 1) parameters.set('page', String(page))
  return `?${parameters.toString()}`
}

/** Compares rows by a value, and by name and info hash if they are equal there. */
function compareRows(key: TorrentColumn): (a: SwarmRow, b: SwarmRow) => number {
  const { value } = COLUMNS[key]
  return (a, b) => {
    const [left, right] = [value(a), value(b)]
    if (left !== right) return left < right ? -1 : 1
    if (a.nameKey !== b.nameKey) return a.nameKey < b.nameKey ? -1 : 1
    return a.infoHash < b.infoHash ? -1 : 1
  }
}

/** Whether the name of a row contains the filter or its info hash begins with it. */
function matchesFilter({ lowerName, infoHash, torrent }: SwarmRow, filter: string): boolean {
  const hashes = [infoHash, torrent?.metainfo?.infoHashV2]
  return lowerName.includes(filter) || hashes.some((hash) => hash?.startsWith(filter))
}
