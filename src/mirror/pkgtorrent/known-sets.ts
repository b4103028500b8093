import { LRUCache } from 'lru-cache'
import { recordsOfKind } from '../../cache/maintain.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import { unpackSetRecord, type SetRecord } from '../../cache/records/set.js'

/** Most sets, and most bytes of them in memory and in the cache; a path costs some of its own. */
const LIMITS = { max: 10_000, maxSize: 16 * 1024 * 1024 }
const PATH_COST = 64

/**
 * The requested sets by their digests, also those from before a restart. Strangers choose the sets,
 * so the sets in the cache are limited in number and in bytes; the longest unused goes first.
 */
export class KnownSets {
  readonly #sets: LRUCache<string, SetRecord>

  constructor(
    private readonly cache: PieceCache,
    limits = LIMITS,
  ) {
    this.#sets = new LRUCache<string, SetRecord>({
      ...limits,
      sizeCalculation: ({ paths }) => {
        return paths.reduce((sum, path) => sum + PATH_COST + path.length, PATH_COST)
      },
      dispose: (_set, digest, reason) => {
        if (reason === 'evict') cache.forgetSet(Buffer.from(digest, 'hex'))
      },
    })
    for (const { key, body } of recordsOfKind(cache.store, 'set')) {
      const set = unpackSetRecord(body)
      if (set) this.#sets.set(Buffer.from(key.subarray(1)).toString('hex'), set)
    }
  }

  /** The set with that digest; null if it is unknown. */
  get(digest: string): SetRecord | null {
    const set = this.#sets.get(digest)
    if (!set) return null
    // Counts as a use of the record
    this.cache.set(Buffer.from(digest, 'hex'))
    return set
  }

  /**
   * Records a set whose torrent was made. A set of a form replaces a single one with the same
   * digest.
   */
  note(digest: string, set: SetRecord): void {
    const known = this.#sets.get(digest)
    if (known && (set.isSingle || !known.isSingle)) return
    this.#sets.set(digest, set)
    // It may be larger than all sets together may be
    if (this.#sets.has(digest)) this.cache.rememberSet(Buffer.from(digest, 'hex'), set)
  }
}
