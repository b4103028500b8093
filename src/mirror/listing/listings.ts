import { lstat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { isRacy } from '../../core/digests/settled.js'
import { fingerprintOf, sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import { MemoryPool } from '../admission/memory-pool.js'
import type { Planner } from '../admission/planner.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { MirrorView, toRefusal, type Mirror } from '../tree/mirror.js'
import { notFound } from '../../server/answers/refusal.js'
import type { Requester } from '../requests/requester.js'
import type { Listing } from './listing.js'
import { readListing } from './read-listing.js'
import type { Place } from './read-rows.js'
import { costOfRow } from './row.js'
import { SharedWork } from './shared-work.js'
import type { ServerContext } from '../../server/context.js'

export interface ListingsParts extends Pick<ServerContext, 'now' | 'monotonic'> {
  readonly mirror: Mirror
  readonly planner: Planner
}

/** Bytes of memory for kept listings, and for those being read. */
const MEMORY = 32 * 1024 * 1024
const MEMORY_FOR_READING = 64 * 1024 * 1024

/** Milliseconds for which a listing is kept: a file that grows does not change its directory. */
const KEPT_FOR = 5_000

/** Approximate bytes of an entry in a directory. */
const ENTRY_SIZE = 32

/** A directory and its state when it was looked up. */
interface FoundDirectory extends Place {
  readonly state: Fingerprint
}

interface Kept {
  readonly listing: Listing
  readonly state: Fingerprint
  readonly readAt: number
}

/** Bytes of memory that a name in `taken` costs beside that of its row. */
const TAKEN_COST = 50

/** Number of entries from which a page counts as a large request of its client. */
export const LARGE = 10_000

/** A listing that is known or being read. */
export interface PendingListing {
  readonly listing: Promise<Listing>
  /** Resolves during the reading, as soon as more than `LARGE` entries are known. */
  readonly large: Promise<void>
}

interface Reading {
  readonly work: SharedWork<Listing>
  readonly large: Promise<void>
  readonly state: Fingerprint
}

const NEVER = new Promise<void>(() => undefined)

/** Sorted listings of directories. Each is read again after a change, or after some seconds. */
export class Listings {
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

  constructor(private readonly parts: ListingsParts) {}

  /**
   * The entries of a directory of the mirror; reads them if they are not known.
   * @throws Refusal; so may the listing
   */
  async begin(components: readonly string[], requester: Requester): Promise<PendingListing> {
    const found = await this.#find(components)
    const key = components.join('/')
    const kept = this.#kept.get(key)
    const age = this.parts.monotonic() - (kept?.readAt ?? 0)
    if (kept && age < KEPT_FOR && sameFingerprint(kept.state, found.state)) {
      return { listing: Promise.resolve(kept.listing), large: NEVER }
    }
    const before = this.#reading.get(key)
    if (before && !before.work.isAbandoned && sameFingerprint(before.state, found.state)) {
      return { listing: before.work.wait(requester), large: before.large }
    }
    const reading = this.#read(key, found, requester)
    this.#reading.set(key, reading)
    const forget = () => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key)
    }
    const listing = reading.work.wait(requester)
    listing.then(forget, forget)
    return { listing, large: reading.large }
  }

  async #find(components: readonly string[]): Promise<FoundDirectory> {
    const { mirror } = this.parts
    const absolutePath = await new MirrorView(mirror).directory(components)
    const stats = await lstat(absolutePath, { bigint: true }).catch(async (error: unknown) => {
      throw await toRefusal(error, components, mirror)
    })
    if (!stats.isDirectory()) throw notFound(formatMirrorPath(components))
    return { components, absolutePath, state: fingerprintOf(stats) }
  }

  #read(key: string, found: FoundDirectory, { client }: Requester): Reading {
    const { planner, now, monotonic } = this.parts
    let onLarge: () => void = () => undefined
    const large = new Promise<void>((resolve) => (onLarge = resolve))
    const onRead = (count: number) => {
      if (count > LARGE) onLarge()
    }
    const work = new SharedWork(async (signal) => {
      const memory = this.#memory.open(null)
      const effort = found.state.size / ENTRY_SIZE
      try {
        const [startedMs, readAt] = [now(), monotonic()]
        const listing = await planner.run({ client, effort, memory, signal }, (budget) => {
          return readListing(found, { ...this.parts, onRead }, budget)
        })
        if (await this.#isSettled(found, startedMs)) {
          this.#kept.set(key, { listing, state: found.state, readAt })
        }
        return listing
      } finally {
        memory.close()
      }
    })
    return { work, large, state: found.state }
  }

  /** Whether the directory did not change meanwhile, and can't change later without a trace. */
  async #isSettled({ components, state }: FoundDirectory, startedMs: number): Promise<boolean> {
    if (isRacy(state, startedMs, 'full')) return false
    return sameFingerprint(state, (await this.#find(components)).state)
  }
}
