import { lstat } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import { isRacy } from '../../core/digests/settled.js'
import { fingerprintOf, sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import { notFound } from '../../server/answers/refusal.js'
import type { ServerContext } from '../../server/context.js'
import { MemoryPool } from '../admission/memory-pool.js'
import type { Planner } from '../admission/admission.js'
import type { Requester } from '../requests/requester.js'
import { formatMirrorPath } from '../tree/mirror-path.js'
import { MirrorView, toRefusal, type Mirror } from '../tree/mirror.js'
import { costOfRow, type Listing } from './listing.js'
import { readListing } from './read-listing.js'
import { InFlight, type Flight } from '../torrents/in-flight.js'

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
