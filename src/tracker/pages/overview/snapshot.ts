import { setImmediate } from 'node:timers/promises'
import type { ServerContext } from '../../../server/context.js'
import { SLICE, sortInSlices } from '../../../page-parts/slices.js'
import { infoHashOfBytes, swarmHashes } from '../../../metainfo/info-hash.js'
import type { SwarmMonth } from '../../../metainfo/swarm-counts.js'
import type { InfoHash } from '../../../metainfo/values.js'
import { naturalKey } from '../../../base/text/natural-order.js'
import type { AllowedTorrent, KnownSummary } from '../../allowed/allowed-torrent.js'
import type { TorrentList } from '../../allowed/torrent-list.js'
import { Categories, type CatalogueRoot } from './category.js'
import { addRow, SORT_VALUES, type SwarmRow, sumRows, type TorrentColumn } from './swarm-row.js'
import type { SwarmStore } from '../../swarms/swarm-store.js'
import type { SwarmCounts } from '../../swarms/swarm-types.js'

/** The most swarms of unknown torrents that are listed. Further ones are only counted. */
const MAX_ROWS = 200_000

/** All swarms at one time. Queries share the work of sorting. */
export class Snapshot {
  readonly #sorted = new Map<string, Promise<readonly SwarmRow[]>>()
  #growth: readonly number[] | null = null
  #byPath: ReadonlyMap<string | null | undefined, SwarmRow> | null = null
  readonly totals = sumRows([])

  constructor(
    readonly rows: readonly SwarmRow[],
    readonly categories: Categories,
    /** In milliseconds since 1970. */
    readonly time: number,
  ) {}

  /** The rows of torrents that are in files. */
  get byPath(): ReadonlyMap<string | null | undefined, SwarmRow> {
    this.#byPath ??= new Map(this.rows.map((row) => [row.summary?.path, row]))
    return this.#byPath
  }

  /** The number of torrents at the end of each day of the last month, oldest first. */
  get growth(): readonly number[] {
    this.#growth ??= growthOf(this.rows, this.time)
    return this.#growth
  }

  /** Whether there are more swarms than rows. */
  get isCut(): boolean {
    return this.totals.torrents > this.rows.length
  }

  /** All rows in the order of a value. */
  order(key: TorrentColumn, isDescending: boolean): Promise<readonly SwarmRow[]> {
    const name = `${key} ${isDescending}`
    const sorted = this.#sorted.get(name) ?? sortRows(this.rows, key, isDescending)
    this.#sorted.set(name, sorted)
    return sorted
  }
}

const DAYS = 31
const DAY = 86_400_000

function growthOf(rows: readonly SwarmRow[], now: number): number[] {
  const added = new Array<number>(DAYS).fill(0)
  for (const { summary } of rows) {
    const age = Math.floor((now - (summary?.addedMs ?? 0)) / DAY)
    const day = Math.min(DAYS - 1, Math.max(0, DAYS - 1 - age))
    added[day] = (added[day] ?? 0) + 1
  }
  let count = 0
  return added.map((each) => (count += each))
}

/** Sorts rows by a value, and by name and info hash if they are equal there. */
export function sortRows<Row extends SwarmRow>(
  rows: readonly Row[],
  key: TorrentColumn,
  isDescending: boolean,
): Promise<Row[]> {
  const value = SORT_VALUES[key]
  return sortInSlices(rows, (a, b) => {
    const [left, right] = [value(a), value(b)]
    if (left !== right) return left < right === isDescending ? 1 : -1
    if (a.nameKey !== b.nameKey) return a.nameKey < b.nameKey ? -1 : 1
    return a.infoHash < b.infoHash ? -1 : 1
  })
}

interface SnapshotSource {
  readonly store: Pick<SwarmStore, 'list' | 'scrape' | 'monthOf'>
  readonly torrents: Pick<TorrentList, 'torrents' | 'version' | 'isOpen'>
  /** Whether names and sizes are shown. */
  readonly showNames: boolean
  /** The directories with categories; null without a catalogue. */
  readonly roots: readonly CatalogueRoot[] | null
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

  constructor(
    private readonly source: SnapshotSource,
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {}

  /** The snapshot of this moment; the same one for all its callers. */
  get(): Promise<Snapshot> {
    const { version } = this.source.torrents
    const at = this.clocks.monotonic()
    if (this.#taking && at - this.#at < MAX_AGE && this.#version === version) return this.#taking
    this.#at = at
    this.#version = version
    const taking = this.#take()
    this.#taking = taking
    taking.catch(() => {
      // The next request tries again
      if (this.#taking === taking) this.#taking = null
    })
    return taking
  }

  /** Reads all swarms, in small steps. */
  async #take(): Promise<Snapshot> {
    const rows: SwarmRow[] = []
    const snapshot = new Snapshot(rows, this.#categories(), this.clocks.now())
    const { totals, categories } = snapshot
    for (const row of this.#rows(categories)) {
      addRow(totals, row)
      row.category?.count(row.size ?? 0, row.summary?.addedMs ?? 0)
      if (row.torrent !== null || rows.length < MAX_ROWS) rows.push(row)
      if (totals.torrents % SLICE === 0) await setImmediate()
    }
    return snapshot
  }

  /**
   * Yields all known torrents, with or without a swarm, and then the other swarms. A hybrid is one.
   */
  *#rows(categories: Categories): Generator<SwarmRow> {
    const { torrents, isOpen } = this.source.torrents
    for (const [infoHash, torrent] of torrents)
      if (firstHash(torrent, torrents) === infoHash) yield this.#row(infoHash, torrent, categories)
    for (const swarm of isOpen ? this.source.store.list() : []) {
      const infoHash = infoHashOfBytes(swarm.infoHash)
      if (!torrents.has(infoHash))
        yield rowOf({ infoHash, torrent: null, category: null }, swarm, null)
    }
  }

  /** The row of a torrent as it is now; null if it is neither known nor has a swarm. */
  find(infoHash: InfoHash): SwarmRow | null {
    const { torrents, isOpen } = this.source.torrents
    const torrent = torrents.get(infoHash)
    if (torrent) return this.#row(firstHash(torrent, torrents), torrent, this.#categories())
    const swarm = isOpen ? this.source.store.scrape(Buffer.from(infoHash, 'hex')) : null
    return swarm && rowOf({ infoHash, torrent: null, category: null }, swarm, null)
  }

  /** The last month of a torrent, that of the larger swarm of a hybrid. */
  monthOf({ infoHash, summary }: SwarmRow): SwarmMonth | null {
    const hashes = swarmHashes(summary ?? { infoHash, infoHashV2: null })
    const months = hashes.map((hash) => this.source.store.monthOf(Buffer.from(hash, 'hex')))
    const seedsNow = (month: SwarmMonth | null) => month?.seeds.at(-1) ?? -1
    return months.toSorted((a, b) => seedsNow(b) - seedsNow(a))[0] ?? null
  }

  #categories(): Categories {
    return new Categories(this.source.roots)
  }

  /** The larger numbers of a hybrid's two swarms count, whose peers are mostly the same. */
  #row(infoHash: InfoHash, torrent: AllowedTorrent, categories: Categories): SwarmRow {
    const { store, showNames } = this.source
    const summary = torrent.metainfo
    const figures = { complete: 0, incomplete: 0, downloaded: 0 }
    for (const hash of swarmHashes(summary ?? { infoHash, infoHashV2: null })) {
      const swarm = store.scrape(Buffer.from(hash, 'hex'))
      if (swarm === null) continue
      figures.complete = Math.max(figures.complete, swarm.complete)
      figures.incomplete = Math.max(figures.incomplete, swarm.incomplete)
      figures.downloaded = Math.max(figures.downloaded, swarm.downloaded)
    }
    const category = summary && categories.of(summary)
    return rowOf({ infoHash, torrent, category }, figures, showNames ? summary : null)
  }
}

/** Makes the row of a torrent; `shown` has its name and size. */
function rowOf(
  { infoHash, torrent, category }: Pick<SwarmRow, 'infoHash' | 'torrent' | 'category'>,
  { complete, incomplete, downloaded }: Pick<SwarmCounts, 'complete' | 'incomplete' | 'downloaded'>,
  shown: KnownSummary | null,
): SwarmRow {
  const lowerName = shown?.name.toLowerCase() ?? ''
  // Lists all properties: objects made by spreading are slow to read, and lists read them all
  return {
    infoHash,
    torrent,
    summary: torrent?.metainfo ?? null,
    category,
    name: shown?.name ?? null,
    lowerName,
    nameKey: naturalKey(lowerName),
    size: shown?.size ?? null,
    complete,
    downloading: incomplete,
    downloaded,
  }
}

/** The first of a torrent's info hashes that is known: one of them may be banned. */
function firstHash(
  { infoHash, metainfo }: AllowedTorrent,
  known: ReadonlyMap<InfoHash, AllowedTorrent>,
): InfoHash {
  const hashes = metainfo === null ? [] : swarmHashes(metainfo)
  return hashes.find((hash) => known.has(hash)) ?? infoHash
}
