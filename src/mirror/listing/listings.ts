import { LRUCache } from 'lru-cache'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import { isRacy } from '../../core/digests/cache-trust.js'
import { type Fingerprint, fingerprintOf, sameFingerprint } from '../../files/fingerprint.js'
import { isOfKind, lstatMany, type PathState } from '../../files/stat-files.js'
import { type Budget, MemoryPool, type Planner } from '../admission/admission.js'
import { costOfRow, findTaken, Listing, type ListingRow, sortByName } from './listing.js'
import { findReadme } from './readme.js'
import type { Requester } from '../requests/requester.js'
import { type Flight, InFlight } from '../torrents/in-flight.js'
import {
  childOf,
  type MirrorEntry,
  formatMirrorPath,
  isNameable,
  isWithheld,
  mapConcurrently,
  type Mirror,
  MirrorView,
  readInChunks,
  toRefusal,
} from '../tree/mirror.js'
import { notFound, NotReady, Refusal, type RefusalCode } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'

/** Bytes of memory for kept listings, and for those being read. */
const MEMORY = 32 * 1024 * 1024
const MEMORY_FOR_READING = 64 * 1024 * 1024

/** Milliseconds for which a listing is kept: a file that grows does not change its directory. */
const KEPT_FOR = 5_000

/** Approximate bytes of an entry in a directory. */
const ENTRY_SIZE = 32

/** Bytes of memory that a name in `taken` costs beside that of its row. */
const TAKEN_COST = 50

/** A directory and its state when it was looked up. */
interface FoundDirectory {
  readonly components: readonly string[]
  readonly absolutePath: string
  readonly state: Fingerprint
}

interface Kept {
  readonly listing: Listing
  readonly state: Fingerprint
  readonly readAt: number
}

/**
 * Sorted listings of directories. Each is read again after a change, or after some seconds. Without
 * it, each page of a large directory would look up all its files again.
 */
export class Listings {
  readonly #reading = new InFlight<Listing>(
    new MemoryPool({ bytes: MEMORY_FOR_READING, bytesPerClient: MEMORY_FOR_READING }),
  )
  readonly #kept = new LRUCache<string, Kept>({
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
    private readonly planner: Planner,
    private readonly clocks: Pick<ServerContext, 'now' | 'monotonic'>,
  ) {}

  /**
   * The entries of a directory of the mirror; reads them if they are not known.
   * @throws Refusal
   */
  async get(components: readonly string[], requester: Requester): Promise<Listing> {
    const found = await this.#find(components)
    const key = components.join('/')
    const kept = this.#kept.get(key)
    const age = this.clocks.monotonic() - (kept?.readAt ?? 0)
    if (kept && age < KEPT_FOR && sameFingerprint(kept.state, found.state)) return kept.listing
    const { size, mtimeNs, ctimeNs, inode } = found.state
    const state = [key, size, mtimeNs, ctimeNs, inode].join('\0')
    const onGone = (act: () => void) => {
      requester.onGone(act)
    }
    const waiter = { client: null, patience: null, onGone }
    return this.#reading.join(state, waiter, (own) => this.#read(found, requester.client, own))
  }

  async #find(components: readonly string[]): Promise<FoundDirectory> {
    const absolutePath = await new MirrorView(this.mirror).directory(components)
    const stats = await lstat(absolutePath, { bigint: true }).catch(async (error: unknown) => {
      throw await toRefusal(error, components, this.mirror)
    })
    if (!stats.isDirectory()) throw notFound(formatMirrorPath(components))
    return { components, absolutePath, state: fingerprintOf(stats) }
  }

  async #read(
    found: FoundDirectory,
    client: string | null,
    { memory, signal }: Flight<Listing>,
  ): Promise<Listing> {
    const effort = found.state.size / ENTRY_SIZE
    const [startedMs, readAt] = [this.clocks.now(), this.clocks.monotonic()]
    const listing = await this.planner.run({ client, effort, memory, signal }, (budget) => {
      return readListing(found, this.mirror, budget)
    })
    if (await this.#isSettled(found, startedMs)) {
      this.#kept.set(found.components.join('/'), { listing, state: found.state, readAt })
    }
    return listing
  }

  /** Whether the directory did not change meanwhile, and can't change later without a trace. */
  async #isSettled({ components, state }: FoundDirectory, startedMs: number): Promise<boolean> {
    if (isRacy(state, startedMs, 'full')) return false
    return sameFingerprint(state, (await this.#find(components)).state)
  }
}

/** Most rows of one directory; further entries are left out. */
const MAX_ROWS = 200_000

/** Rows processed together. */
const CHUNK = 1000

/** A directory by its path on the mirror and its real path. */
interface Place {
  readonly components: readonly string[]
  readonly absolutePath: string
}

/** The published entries of a directory, in any order. */
interface ReadRows {
  readonly rows: readonly ListingRow[]
  readonly isCut: boolean
  readonly unnameable: number
}

/**
 * Reads a directory and sorts its entries by name: files, directories, and links to them.
 * @throws Refusal
 */
async function readListing(place: Place, mirror: Mirror, budget: Budget): Promise<Listing> {
  const { rows, isCut, unnameable } = await readOpen(place, mirror, budget)
  const sorted = (isWanted: (row: ListingRow) => boolean) => {
    return sortByName(rows.filter(isWanted), budget.pause)
  }
  const directories = await sorted(({ isDirectory }) => isDirectory)
  const files = await sorted(({ isDirectory }) => !isDirectory)
  const hash = createHash('sha1').update(`${isCut} ${unnameable}\n`)
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
  return new Listing({ directories, files, readme, taken, isCut, unnameable, digest })
}

/** Distinguishes a state of a row from all others. */
function lineOf({ name, isDirectory, size, modified }: ListingRow): string {
  return `${isDirectory ? 'd' : size} ${modified} ${name}\0`
}

/**
 * Reads the directory itself: on Linux, by its descriptor. The real path may lead to another
 * directory, from anywhere, while it is read.
 */
async function readOpen(place: Place, mirror: Mirror, budget: Budget): Promise<ReadRows> {
  const { components, absolutePath } = place
  const view = new MirrorView(mirror)
  try {
    const handle = process.platform === 'linux' ? await open(absolutePath, ITSELF) : null
    try {
      const path = handle ? `/proc/self/fd/${handle.fd}` : absolutePath
      if (handle && (await readlink(path)) !== absolutePath) throw directoryChanges()
      const read = await readRows({ components, absolutePath: path }, view, budget)
      // Another directory may have replaced this one
      if ((await new MirrorView(mirror).directory(components)) === absolutePath) return read
    } finally {
      await handle?.close()
    }
  } catch (error) {
    throw await toRefusal(error, components, mirror)
  }
  throw directoryChanges()
}

const ITSELF = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Refuses a directory that another one replaces while it is read. */
function directoryChanges(): NotReady {
  return new NotReady('the directory changes while it is read; try again in 5 s', 5)
}

async function readRows(place: Place, view: MirrorView, budget: Budget): Promise<ReadRows> {
  const rows: ListingRow[] = []
  let unnameable = 0
  for await (const entries of readInChunks(place.absolutePath)) {
    budget.charge('names', entries.length)
    const named = entries.filter(({ name }) => isNameable(name))
    unnameable += entries.length - named.length
    const published = named.filter(({ name }) => {
      return !isWithheld([...place.components, name], view.mirror)
    })
    for (const row of await lookAtAll(published, place, view)) {
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
  entries: readonly MirrorEntry[],
  place: Place,
  view: MirrorView,
): Promise<ListingRow[]> {
  const states = await lstatMany(entries.map(({ name }) => childOf(place.absolutePath, name)))
  const rows: (ListingRow | null)[] = []
  const links: string[] = []
  entries.forEach(({ name }, i) => {
    const state = states[i]
    if (!state || state instanceof Error) return
    if (isOfKind(state, constants.S_IFLNK)) links.push(name)
    else rows.push(rowOf(name, state))
  })
  const targets = mapConcurrently(links, async (name) => {
    const state = await lookIfThere([...place.components, name], view)
    return state && rowOf(name, state)
  })
  return [...rows, ...(await targets)].filter((row) => row !== null)
}

/** The state of a link's target; null if it is not published. */
async function lookIfThere(
  components: readonly string[],
  view: MirrorView,
): Promise<PathState | null> {
  try {
    return (await view.look(components)).state
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
