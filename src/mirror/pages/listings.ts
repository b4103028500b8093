import { encodeName } from '../../base/percent.js'
import { LRUCache } from 'lru-cache'
import { createHash } from 'node:crypto'
import { isRacy } from '../../disk/cache/trust.js'
import { sameFingerprint } from '../../disk/file-lists/fingerprint.js'
import { skipReasonOf } from '../../disk/scan/entry.js'
import type { Planner } from '../../server/admission/planner.js'
import { MemoryPool } from '../../server/admission/memory.js'
import {
  costOfRow,
  type Listing,
  type ListingPage,
  type ListingQuery,
  type ListingRow,
} from './listing.js'
import {
  CHUNK,
  type FoundDirectory,
  lookAtAll,
  lookInto,
  readListing,
  whileOpen,
} from './read-listing.js'
import type { Requester } from '../../server/admission/requester.js'
import { type Flight, Flights } from '../torrents/flights.js'
import { type Mirror, MirrorView } from '../tree/mirror.js'
import type { ServerContext } from '../../server/context.js'
import type { Pause } from '../../page-parts/slices.js'
import { isRaw } from '../../base/text/raw-path.js'

/** Bytes of memory for kept listings, and for those being read. */
const MEMORY = 32 * 1024 * 1024
const MEMORY_FOR_READING = 64 * 1024 * 1024

/**
 * A listing whose directory does not change is kept for so many milliseconds, or so many times as
 * long as its reading took. Entries that no page shows may change meanwhile.
 */
const KEPT_FOR = 5_000
const TIMES_READING = 100

/** Milliseconds for which a page is sent without another look at its entries. */
const SHOWN_FOR = 1_000

/** Approximate bytes of an entry in a directory. */
const ENTRY_SIZE = 32

/** Bytes of memory that a name in `taken` costs beside that of its row. */
const TAKEN_COST = 50

/** A listing, and the look at its directory. */
export interface CurrentListing {
  readonly listing: Listing
  readonly found: FoundDirectory
  /**
   * When it must be read again even if its directory is the same, by the monotonic clock; 0 for
   * now.
   */
  readonly until: number
}

/** A page of a listing as it is now. */
export interface CurrentPage extends ListingPage {
  /** The README of the directory; null if there is none. */
  readonly readme: ListingRow | null
  /** Bytes of all files in the directory and below; null if they are unknown. */
  readonly below: number | null
  /** Whether a torrent of the directory would contain anything, as far as its own entries show. */
  readonly hasContent: boolean
  /** Distinguishes what the page shows from all else. */
  readonly digest: string
  /**
   * How long it shows that while its directory is the same, by the monotonic clock; 0 for not at
   * all.
   */
  readonly until: number
}

/**
 * Sorted listings of directories. Each is read again after a change of its directory, and the
 * entries of a page are looked at for each page: a file that grows does not change its directory.
 * Without it, each page of a large directory would look up all its files again.
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

  /** `sizeBelow` returns the bytes of all files below a directory; null if they are unknown. */
  constructor(
    private readonly mirror: Mirror,
    private readonly planner: Planner,
    private readonly sizeBelow: (path: readonly string[]) => number | null,
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
    const isSame = kept && sameFingerprint(kept.found.look.fingerprint, found.look.fingerprint)
    if (isSame && this.clocks.monotonic() < kept.until) return { ...kept, found }
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
    const size = found.look.fingerprint.size / ENTRY_SIZE
    const startedMs = this.clocks.now()
    let readAt = 0
    const listing = await this.planner.run({ client, size, memory, signal }, (budget) => {
      readAt = this.clocks.monotonic()
      return readListing(found, this.mirror, this.sizeBelow, budget)
    })
    if (!(await this.#isSettled(found, startedMs))) return { listing, found, until: 0 }
    const now = this.clocks.monotonic()
    const until = now + Math.max(KEPT_FOR, TIMES_READING * (now - readAt))
    const current = { listing, found, until }
    this.#kept.set(found.components.join('/'), current)
    return current
  }

  /** Whether the directory did not change meanwhile, and can't change later without a trace. */
  async #isSettled({ components, look }: FoundDirectory, startedMs: number): Promise<boolean> {
    const state = look.fingerprint
    if (isRacy(state, startedMs, 'full')) return false
    return sameFingerprint(state, (await this.#find(components)).look.fingerprint)
  }

  /**
   * A page of `pageLength` entries, each as it is now.
   * @throws Refusal
   */
  async page(
    { listing, found, until }: CurrentListing,
    query: ListingQuery,
    pageLength: number,
    pause: Pause,
  ): Promise<CurrentPage> {
    const lookedAt = this.clocks.monotonic()
    const page = await listing.page(query, pageLength, pause)
    const { directories, files, readme: best } = listing.parts
    const readme = page.page === 1 && query.filter === '' ? best : null
    // Whether a torrent of the directory would contain an entry, as far as it shows
    const isFull = ({ name, isDirectory, isEmpty, size }: ListingRow) =>
      (isDirectory ? !isEmpty : size > 0) &&
      skipReasonOf(name, { all: this.mirror.hidden }) === undefined
    const rows = readme && !page.rows.includes(readme) ? [...page.rows, readme] : page.rows
    const seen = await this.#lookAgain(rows, { listing, found }, pause)
    const below = (...names: string[]) => this.sizeBelow([...found.components, ...names])
    for (const row of seen) if (row.isDirectory) row.below = below(row.name)
    const shown = {
      ...page,
      rows: page.rows.filter((row) => seen.has(row)),
      readme: readme && seen.has(readme) && readme.size > 0 ? readme : null,
      below: below(),
      hasContent: directories.some(isFull) || files.some(isFull),
    }
    const digest = await digestOf(shown, listing, pause)
    return { ...shown, digest, until: until === 0 ? 0 : lookedAt + SHOWN_FOR }
  }

  /** Looks at entries, and returns those that are still there and of the same kind. */
  async #lookAgain(
    rows: readonly ListingRow[],
    { listing, found }: Pick<CurrentListing, 'listing' | 'found'>,
    pause: Pause,
  ): Promise<Set<ListingRow>> {
    const view = new MirrorView(this.mirror)
    const seen = new Set<ListingRow>()
    await whileOpen(found, this.mirror, async (place) => {
      for (let start = 0; start < rows.length; start += CHUNK) {
        const chunk = rows.slice(start, start + CHUNK)
        const names = chunk.map(({ name }) => name)
        for (const [i, now] of (await lookAtAll(names, place, view)).entries()) {
          const row = chunk[i]
          if (!row || now?.isDirectory !== row.isDirectory) continue
          listing.note(row, now)
          seen.add(row)
        }
        await pause()
      }
    })
    await lookInto([...seen], found, view)
    return seen
  }
}

/** Distinguishes what a page shows from all else. */
async function digestOf(
  { rows, readme, ...figures }: Omit<CurrentPage, 'digest' | 'until'>,
  { parts }: Listing,
  pause: Pause,
): Promise<string> {
  const hash = createHash('sha1').update(JSON.stringify([figures, parts.digest]))
  if (readme) hash.update(lineOf(readme))
  for (const [i, row] of rows.entries()) {
    hash.update(lineOf(row))
    if (i % CHUNK === 0) await pause()
  }
  return hash.digest('base64url')
}

/** Distinguishes a state of a row from all others. */
function lineOf(row: ListingRow): string {
  const { name, isDirectory, isEmpty, size, modified, entries = 'unknown', below } = row
  const content = isEmpty ? 'empty' : (below ?? entries)
  const bytes = isRaw(name) ? encodeName(name) : name
  return `${isDirectory ? `d ${content}` : size} ${modified} ${bytes}\0`
}
