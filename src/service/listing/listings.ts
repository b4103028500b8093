import { lstat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { isRacy } from '../../core/digests/settled.js'
import { fingerprintOf, sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import { MemoryPool } from '../admission/memory-pool.js'
import type { Planner } from '../admission/planner.js'
import type { DirectoryListings } from '../mirror/directory-listings.js'
import { formatMirrorPath } from '../mirror/mirror-path.js'
import { MirrorView, toRefusal, type Mirror } from '../mirror/mirror.js'
import { notFound } from '../refusal.js'
import type { Requester } from '../web/requester.js'
import type { Listing } from './listing.js'
import { readListing } from './read-listing.js'
import type { Place } from './read-rows.js'
import { costOfRow } from './row.js'
import { SharedWork } from './shared-work.js'

export interface ListingsParts {
  readonly mirror: Mirror
  readonly listings: DirectoryListings
  readonly planner: Planner
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set. */
  readonly monotonic: () => number
}

/** Memory for listings that are kept, and for those that are being read, in bytes. */
const MEMORY = 32 * 1024 * 1024
const MEMORY_FOR_READING = 64 * 1024 * 1024

/** How long a listing counts, in milliseconds: a file that grows changes no directory. */
const KEPT_FOR = 5_000

/** Bytes that an entry takes up in a directory, about. */
const ENTRY_SIZE = 32

/** A directory, and what it was when it was looked at. */
interface FoundDirectory extends Place {
  readonly state: Fingerprint
}

interface Kept {
  readonly listing: Listing
  readonly state: Fingerprint
  readonly readAt: number
}

/** What a name of `taken` costs in memory beside that of its row, in bytes. */
const TAKEN_COST = 50

interface Reading {
  readonly work: SharedWork<Listing>
  readonly state: Fingerprint
}

/** Sorted listings of directories, each read again when it has changed, or after some seconds. */
export class Listings {
  readonly #parts: ListingsParts
  readonly #memory = new MemoryPool({
    bytes: MEMORY_FOR_READING,
    bytesPerClient: MEMORY_FOR_READING,
  })
  readonly #reading = new Map<string, Reading>()
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

  constructor(parts: ListingsParts) {
    this.#parts = parts
  }

  /**
   * The entries of a directory of the mirror.
   * @throws Refusal
   */
  async of(components: readonly string[], requester: Requester): Promise<Listing> {
    const found = await this.#find(components)
    const key = components.join('/')
    const kept = this.#kept.get(key)
    const age = this.#parts.monotonic() - (kept?.readAt ?? 0)
    if (kept && age < KEPT_FOR && sameFingerprint(kept.state, found.state)) return kept.listing
    const { state } = found
    const before = this.#reading.get(key)
    if (before && !before.work.isAbandoned && sameFingerprint(before.state, state)) {
      return before.work.wait(requester)
    }
    const reading = { state, work: this.#read(key, found, requester) }
    this.#reading.set(key, reading)
    try {
      return await reading.work.wait(requester)
    } finally {
      if (this.#reading.get(key) === reading) this.#reading.delete(key)
    }
  }

  async #find(components: readonly string[]): Promise<FoundDirectory> {
    const { mirror } = this.#parts
    const absolutePath = await new MirrorView(mirror).directory(components)
    const stats = await lstat(absolutePath, { bigint: true }).catch(async (error: unknown) => {
      throw await toRefusal(error, components, mirror)
    })
    if (!stats.isDirectory()) throw notFound(formatMirrorPath(components))
    return { components, absolutePath, state: fingerprintOf(stats) }
  }

  #read(key: string, found: FoundDirectory, { client }: Requester): SharedWork<Listing> {
    const { planner, now, monotonic } = this.#parts
    return new SharedWork(async (signal) => {
      const memory = this.#memory.open(null)
      const effort = found.state.size / ENTRY_SIZE
      try {
        const [startedMs, readAt] = [now(), monotonic()]
        const listing = await planner.run({ client, effort, memory, signal }, (budget) => {
          return readListing(found, this.#parts, budget)
        })
        if (await this.#isSettled(found, startedMs)) {
          this.#kept.set(key, { listing, state: found.state, readAt })
        }
        return listing
      } finally {
        memory.close()
      }
    })
  }

  /** Whether the directory stayed as it was, and can't change any more without a sign of it. */
  async #isSettled({ components, state }: FoundDirectory, startedMs: number): Promise<boolean> {
    if (isRacy(state, startedMs, 'full')) return false
    return sameFingerprint(state, (await this.#find(components)).state)
  }
}
