import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { swarmHashes, type AllowedTorrent } from '../allowed/known-torrent.js'
import type { SwarmStore } from '../swarms/swarm-store.js'
import { figuresOf, type Figures } from './figures.js'
import { compareRows, matchesFilter, type RowQuery, type SortKey } from './row-query.js'
import { paged, type Paged } from '../../server/pages/sorting.js'
import { filterInSlices, SLICE, sortInSlices } from '../../server/pages/slices.js'
import { addRow, NO_ROWS, type RowTotals, type SwarmRow } from './swarm-row.js'

/** The most swarms that are listed. Further ones are only counted. */
const MAX_ROWS = 100_000

/** Rows per page. */
const PAGE_LENGTH = 200

/** The most filter results that a snapshot keeps. */
const MAX_FILTERS = 32

export interface SnapshotSource {
  readonly store: Pick<SwarmStore, 'list' | 'scrape'>
  /** The known torrents, by info hash in hexadecimal. */
  readonly torrents: ReadonlyMap<string, AllowedTorrent>
  /** Whether unknown torrents are tracked, too. */
  readonly isOpen: boolean
  /** Whether names and sizes are shown. */
  readonly showNames: boolean
  /** Whether the two swarms of a hybrid torrent are one row. Default: a row each, as in bttrack. */
  readonly mergesHybrids?: boolean
}

/** The rows of one page, with totals. */
export interface RowPage extends Pick<Paged<SwarmRow>, 'page' | 'pages'> {
  readonly rows: readonly SwarmRow[]
  /** Sums of all rows that pass the filter. */
  readonly totals: RowTotals
}

/** All swarms at one time. Equal queries share the work of sorting and filtering. */
export class Snapshot {
  readonly #sorted = new Map<SortKey, Promise<readonly SwarmRow[]>>()
  readonly #filtered = new LRUCache<string, Promise<Filtered>>({ max: MAX_FILTERS })

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

  async page(query: RowQuery): Promise<RowPage> {
    const { rows, totals } = await this.#passing(query)
    const ordered = query.isDescending ? rows.toReversed() : rows
    const { items, page, pages } = paged(ordered, query.page, PAGE_LENGTH)
    return { rows: items, totals, page, pages }
  }

  async #passing({ sort, filter }: RowQuery): Promise<Filtered> {
    const sorted = this.#sorted.get(sort) ?? sortInSlices(this.rows, compareRows(sort))
    this.#sorted.set(sort, sorted)
    if (filter === '') return { rows: await sorted, totals: this.totals }
    const key = `${sort} ${filter}`
    const passing = this.#filtered.get(key) ?? passFilter(await sorted, filter)
    this.#filtered.set(key, passing)
    return passing
  }
}

interface Filtered {
  readonly rows: readonly SwarmRow[]
  readonly totals: RowTotals
}

async function passFilter(rows: readonly SwarmRow[], filter: string): Promise<Filtered> {
  const passed = await filterInSlices(rows, (row) => matchesFilter(row, filter))
  return { rows: passed, totals: passed.reduce(addRow, NO_ROWS) }
}

/** Yields all known torrents, with or without a swarm, and then the other swarms. */
async function* rowsOf(source: SnapshotSource): AsyncGenerator<SwarmRow> {
  const { store, torrents, isOpen } = source
  let count = 0
  for (const [infoHash, torrent] of torrents) {
    if (source.mergesHybrids === true && firstHash(torrent, torrents) !== infoHash) continue
    yield makeRow(infoHash, torrent, source)
    count += 1
    if (count % SLICE === 0) await setImmediate()
  }
  for (const swarm of isOpen ? store.list() : []) {
    count += 1
    if (count % SLICE === 0) await setImmediate()
    const infoHash = Buffer.from(swarm.infoHash).toString('hex')
    if (torrents.has(infoHash)) continue
    yield rowOf(infoHash, null, { ...swarm, downloading: swarm.incomplete })
  }
}

/** The first of a torrent's info hashes that is known: one of them may be banned. */
function firstHash({ infoHash, metainfo }: AllowedTorrent, known: SnapshotSource['torrents']) {
  return metainfo === null ? infoHash : swarmHashes(metainfo).find((hash) => known.has(hash))
}

interface RowSource extends Pick<SnapshotSource, 'showNames' | 'mergesHybrids'> {
  readonly store: Pick<SwarmStore, 'scrape'>
}

/** Makes the row of a torrent that is known or has a swarm. */
export function makeRow(
  infoHash: string,
  torrent: AllowedTorrent | null,
  { store, showNames, mergesHybrids = false }: RowSource,
): SwarmRow {
  const swarms = (mergesHybrids ? torrent?.metainfo : null) ?? { infoHash, infoHashV2: null }
  const row = rowOf(infoHash, torrent, figuresOf(swarms, store))
  return showNames ? row : { ...row, name: null, size: null }
}

function rowOf(infoHash: string, torrent: AllowedTorrent | null, figures: Figures): SwarmRow {
  const { complete, downloading, downloaded } = figures
  return {
    infoHash,
    torrent,
    name: torrent?.metainfo?.name ?? null,
    size: torrent?.metainfo?.size ?? null,
    ...{ complete, downloading, downloaded },
  }
}
