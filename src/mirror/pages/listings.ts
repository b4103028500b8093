import { LRUCache } from 'lru-cache'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mapLimited } from '../../concurrency.js'
import { isRacy } from '../../core/digests/cache-trust.js'
import { type Fingerprint, sameFingerprint } from '../../files/fingerprint.js'
import { childPath } from '../../files/inside.js'
import { skipReasonOf } from '../../files/scan/entry.js'
import { isOfKind, lstatMany, type PathState } from '../../files/stat-files.js'
import { encodeName } from '../../metainfo/trackers.js'
import type { Planner } from '../admission/admission.js'
import { type Budget, MemoryPool } from '../admission/memory.js'
import { costOfRow, findTaken, Listing, type ListingRow, sortByName } from './listing.js'
import { findReadme } from './readme.js'
import type { Requester } from '../requests/requester.js'
import { type Flight, Flights } from '../torrents/flights.js'
import type { Look } from '../tree/below-root.js'
import { READ_AT_ONCE, readInChunks } from '../tree/open-looked.js'
import {
  directoryChanges,
  isAddressable,
  isNameable,
  isWithheld,
  LOOKS_AT_ONCE,
  type Mirror,
  MirrorView,
  openLooked,
  readEntries,
  toRefusal,
} from '../tree/mirror.js'
import { Refusal, type RefusalCode } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { isRaw } from '../../text/raw-path.js'

/** Bytes of memory for kept listings, and for those being read. */
const MEMORY = 32 * 1024 * 1024
const MEMORY_FOR_READING = 64 * 1024 * 1024

/** Milliseconds for which a listing is kept: a file that grows does not change its directory. */
const KEPT_FOR = 5_000

/** Approximate bytes of an entry in a directory. */
const ENTRY_SIZE = 32

/** Bytes of memory that a name in `taken` costs beside that of its row. */
const TAKEN_COST = 50

/** A directory as it was looked up. */
interface FoundDirectory {
  readonly components: readonly string[]
  readonly look: Look
}

/** A listing, and the state of its directory. */
export interface CurrentListing {
  readonly listing: Listing
  readonly state: Fingerprint
  /** When it must be read again even if that state is the same, by the monotonic clock; 0 for now. */
  readonly until: number
}

/**
 * Sorted listings of directories. Each is read again after a change, or after some seconds. Without
 * it, each page of a large directory would look up all its files again.
 */
export class Listings {
  readonly #reading = new Flights<CurrentListing>(
    new MemoryPool({ bytes: MEMORY_FOR_READING, bytesPerClient: MEMORY_FOR_READING }),
  )
  readonly #kept = new LRUCache<string, CurrentListing>({
    maxSize: MEMORY,
    sizeCalculation: ({ listing: { parts } }, path) => {
      const sum = (bytes: number, row: { name: string }) => bytes + costOfRow(row)
      return parts.directories.reduce(
        sum,
        parts.files.reduce(sum, 1000 + path.length + TAKEN_COST * parts.taken.size),
      )
    },
  })

  constructor(
    private readonly mirror: Mirror,
    private readonly sources: {
      readonly planner: Planner
      /** Bytes of all files below a directory; null if they are unknown. */
      readonly sizeBelow: (path: readonly string[]) => number | null
    },
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {}

  /**
   * The entries of a directory of the mirror; reads them if they are not known.
   * @throws Refusal
   */
  async get(components: readonly string[], requester: Requester): Promise<CurrentListing> {
    const found = await this.#find(components)
    const key = components.join('/')
    const kept = this.#kept.get(key)
    const isKept = kept && this.clocks.monotonic() < kept.until
    if (isKept && sameFingerprint(kept.state, found.look.fingerprint)) return kept
    const { size, mtimeNs, ctimeNs, inode } = found.look.fingerprint
    const state = [key, size, mtimeNs, ctimeNs, inode].join('\0')
    const onGone = (act: () => void) => {
      requester.onGone(act)
    }
    const waiter = { client: null, patience: null, onGone }
    return this.#reading.join(state, waiter, (own) => this.#read(found, requester.client, own))
  }

  async #find(components: readonly string[]): Promise<FoundDirectory> {
    return { components, look: await new MirrorView(this.mirror).directory(components) }
  }

  async #read(
    found: FoundDirectory,
    client: string | null,
    { memory, signal }: Flight<CurrentListing>,
  ): Promise<CurrentListing> {
    const { fingerprint: state } = found.look
    const size = state.size / ENTRY_SIZE
    const [startedMs, readAt] = [this.clocks.now(), this.clocks.monotonic()]
    const listing = await this.sources.planner.run({ client, size, memory, signal }, (budget) => {
      return readListing(found, { ...this.sources, mirror: this.mirror }, budget)
    })
    if (!(await this.#isSettled(found, startedMs))) return { listing, state, until: 0 }
    const current = { listing, state, until: readAt + KEPT_FOR }
    this.#kept.set(found.components.join('/'), current)
    return current
  }

  /** Whether the directory did not change meanwhile, and can't change later without a trace. */
  async #isSettled({ components, look }: FoundDirectory, startedMs: number): Promise<boolean> {
    const state = look.fingerprint
    if (isRacy(state, startedMs, 'full')) return false
    return sameFingerprint(state, (await this.#find(components)).look.fingerprint)
  }
}

/** Most rows of one directory; further entries are left out. */
const MAX_ROWS = 200_000

/** Rows processed together. */
const CHUNK = 1000

/** The published entries of a directory, in any order. */
interface ReadRows {
  readonly rows: readonly ListingRow[]
  readonly isCut: boolean
  readonly unnameable: number
}

interface ReadSources {
  readonly mirror: Mirror
  readonly sizeBelow: (path: readonly string[]) => number | null
}

/**
 * Reads a directory and sorts its entries by name: files, directories, and links to them.
 * @throws Refusal
 */
async function readListing(
  found: FoundDirectory,
  { mirror, sizeBelow }: ReadSources,
  budget: Budget,
): Promise<Listing> {
  const read = await readOpen(found, mirror, budget)
  const { isCut, unnameable } = read
  const rows = read.rows.map((row) => {
    if (!row.isDirectory) return row
    return { ...row, below: sizeBelow([...found.components, row.name]) }
  })
  const below = sizeBelow(found.components)
  const sorted = (isWanted: (row: ListingRow) => boolean) => {
    return sortByName(rows.filter(isWanted), budget.pause)
  }
  const directories = await sorted(({ isDirectory }) => isDirectory)
  const files = await sorted(({ isDirectory }) => !isDirectory)
  const hash = createHash('sha1').update(`${isCut} ${unnameable} ${below}\n`)
  let readme: ListingRow | null = null
  const all = [...directories, ...files]
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK)
    hash.update(chunk.map(lineOf).join(''))
    readme = findReadme(readme ? [readme, ...chunk] : chunk)
    await budget.pause()
  }
  const taken = await findTaken(all, budget.pause)
  const digest = hash.digest('base64url')
  return new Listing({ directories, files, readme, taken, isCut, unnameable, below, digest })
}

/** Distinguishes a state of a row from all others. */
function lineOf(row: ListingRow): string {
  const { name, isDirectory, isEmpty, size, modified, entries = 'unknown', below } = row
  const content = isEmpty ? 'empty' : (below ?? entries)
  const bytes = isRaw(name) ? encodeName(name) : name
  return `${isDirectory ? `d ${content}` : size} ${modified} ${bytes}\0`
}

/** Reads the directory itself: its name may lead to another one, from anywhere, meanwhile. */
async function readOpen(found: FoundDirectory, mirror: Mirror, budget: Budget): Promise<ReadRows> {
  const { components, look } = found
  const view = new MirrorView(mirror)
  try {
    const { path, close } = await openLooked(look)
    try {
      const read = await readRows({ components, path }, view, budget)
      // Another directory may have replaced this one
      const now = await new MirrorView(mirror).directory(components)
      if (now.absolutePath === look.absolutePath) return read
    } finally {
      await close()
    }
  } catch (error) {
    throw await toRefusal(error, components, mirror)
  }
  throw directoryChanges()
}

/** An open directory, by its path on the mirror and one that leads to it. */
interface Place {
  readonly components: readonly string[]
  readonly path: string
}

async function readRows(place: Place, view: MirrorView, budget: Budget): Promise<ReadRows> {
  const rows: ListingRow[] = []
  let unnameable = 0
  for await (const entries of readInChunks(place)) {
    budget.charge('names', entries.length)
    const named = entries.filter(({ name }) => isAddressable([...place.components, name]))
    unnameable += entries.length - named.length
    const published = named.filter(({ name }) => {
      return !isWithheld([...place.components, name], view.mirror)
    })
    for (const row of await lookInto(await lookAtAll(published, place, view), place, view)) {
      if (rows.length === MAX_ROWS) return { rows, unnameable, isCut: true }
      budget.charge('bytes', costOfRow(row))
      rows.push(row)
    }
    await budget.pause()
  }
  return { rows, unnameable, isCut: false }
}

/** The rows of entries, except those that are gone or cannot be downloaded. */
async function lookAtAll(
  entries: readonly { readonly name: string }[],
  place: Place,
  view: MirrorView,
): Promise<ListingRow[]> {
  const states = await lstatMany(entries.map(({ name }) => childPath(place.path, name)))
  const rows: (ListingRow | null)[] = []
  const links: string[] = []
  entries.forEach(({ name }, i) => {
    const state = states[i]
    if (!state || state instanceof Error) return
    if (isOfKind(state, constants.S_IFLNK)) links.push(name)
    else rows.push(rowOf(name, state))
  })
  const targets = mapLimited(links, LOOKS_AT_ONCE, async (name) => {
    const state = await lookIfThere([...place.components, name], view)
    return state && rowOf(name, state)
  })
  return [...rows, ...(await targets)].filter((row) => row !== null)
}

/** Most entries of which directories are looked into together: more take too long. */
const MOST_LOOKED_INTO = 1000

/** Counts the entries of directories. Links to torrents of empty ones could only fail. */
function lookInto(
  rows: readonly ListingRow[],
  { components }: Place,
  view: MirrorView,
): Promise<readonly ListingRow[]> {
  return mapLimited(rows, LOOKS_AT_ONCE, async (row) => {
    if (!row.isDirectory || rows.length > MOST_LOOKED_INTO) return row
    return { ...row, ...(await contentOf([...components, row.name], view)) }
  })
}

/**
 * Whether a directory has nothing for a torrent, and the number of its entries, null if they are more
 * than are read at once. Nothing if it cannot be read.
 */
async function contentOf(
  path: readonly string[],
  view: MirrorView,
): Promise<Pick<ListingRow, 'isEmpty' | 'entries'>> {
  const { mirror } = view
  let [entries, isEmpty]: [number | null, boolean] = [0, true]
  try {
    for await (const read of readEntries(await view.directory(path))) {
      const shown = read.filter(({ name }) => {
        return isAddressable([...path, name]) && !isWithheld([...path, name], mirror)
      })
      isEmpty &&= !shown.some(({ name }) => isForTorrents(name, mirror))
      entries = read.length < READ_AT_ONCE && entries !== null ? entries + shown.length : null
      if (!isEmpty && entries === null) break
    }
    return { isEmpty, entries }
  } catch {
    return {}
  }
}

function isForTorrents(name: string, { hidden }: Mirror): boolean {
  return isNameable(name) && skipReasonOf(name, { all: hidden }) === undefined
}

/** The state of a link's target; null if it is not published. */
async function lookIfThere(
  components: readonly string[],
  view: MirrorView,
): Promise<PathState | null> {
  try {
    return await view.look(components)
  } catch (error) {
    const isAbsent = error instanceof Refusal && ABSENT.includes(error.code)
    if (isAbsent) return null
    throw error
  }
}

const ABSENT: readonly RefusalCode[] = ['not-found', 'not-permitted']

/** Null for anything that is neither a file nor a directory. */
function rowOf(name: string, state: PathState): ListingRow | null {
  const isDirectory = isOfKind(state, constants.S_IFDIR)
  if (!isDirectory && !isOfKind(state, constants.S_IFREG)) return null
  const { size, mtimeNs } = state.fingerprint
  return { name, isDirectory, size: isDirectory ? 0 : size, modified: Number(mtimeNs / 1_000_000n) }
}
