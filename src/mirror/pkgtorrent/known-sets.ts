import { LRUCache } from 'lru-cache'
import { recordsOfKind } from '../../cache/maintain.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { SetRecord } from '../../cache/records/set.js'
import type { ServerContext } from '../../server/context.js'

/** Bytes of memory for recent sets; and bytes that a path costs beside its text. */
const MEMORY = 8 * 1024 * 1024
const PATH_COST = 64

/** Limits on the sets in the cache. */
export interface SetLimits {
  readonly count: number
  readonly bytes: number
  /** Bytes of new sets per minute; twice as many at once. */
  readonly bytesPerMinute: number
}

export const SET_LIMITS: SetLimits = {
  count: 10_000,
  bytes: 16 * 1024 * 1024,
  bytesPerMinute: 2 * 1024 * 1024,
}

const MINUTE = 60_000

export interface KnownSetsParts extends Pick<ServerContext, 'monotonic'> {
  readonly cache: PieceCache
  readonly limits: SetLimits
}

/** A set in the cache. */
interface KeptSet {
  readonly isSingle: boolean
  readonly bytes: number
  /** Whether it was used again after it was kept. */
  readonly isReused?: boolean
}

/**
 * The requested sets by their digests: recent ones in memory, those from before a restart in the
 * cache. Strangers choose the sets, so the cached ones are limited in number, in bytes and in
 * growth. Sets that were used only once are removed first.
 */
export class KnownSets {
  readonly #recent = new LRUCache<string, SetRecord>({
    maxSize: MEMORY,
    sizeCalculation: ({ paths }) => {
      return paths.reduce((sum, path) => sum + PATH_COST + 2 * path.length, PATH_COST)
    },
  })
  /** Cached sets; the longest unused come first. */
  readonly #kept = new Map<string, KeptSet>()
  #bytes = 0
  #allowance: number
  #allowedAt: number

  constructor(private readonly parts: KnownSetsParts) {
    this.#allowance = 2 * parts.limits.bytesPerMinute
    this.#allowedAt = parts.monotonic()
  }

  /** The set with that digest; null if it is unknown. */
  get(digest: string): SetRecord | null {
    const recent = this.#recent.get(digest)
    if (recent) return recent
    const record = this.parts.cache.set(Buffer.from(digest, 'hex'))
    if (!record) {
      // The record was too old, or the cache too large
      this.#leave(digest)
      return null
    }
    this.#recent.set(digest, record)
    this.#noteUse(digest)
    return record
  }

  /** Approximate bytes to read for a set; 0 if it is in memory. */
  costOf(digest: string): number {
    if (this.#recent.has(digest)) return 0
    return this.#kept.get(digest)?.bytes ?? 0
  }

  /**
   * Records a set whose torrent was made. A set of a form replaces a single one with the same
   * digest.
   */
  note(digest: string, set: SetRecord): void {
    const kept = this.#kept.get(digest)
    if (kept) this.#noteUse(digest)
    const known = this.#recent.get(digest) ?? kept
    if (known && (set.isSingle || !known.isSingle)) return
    this.#recent.set(digest, set)
    this.#keep(digest, set)
  }

  /** Reads which sets are in the cache. */
  load(): void {
    for (const { key, value, body } of recordsOfKind(this.parts.cache.store, 'set')) {
      const digest = Buffer.from(key.subarray(1)).toString('hex')
      const isSingle = body[1] === 't'.charCodeAt(0)
      if (!this.#kept.has(digest)) {
        this.#enter(digest, { isSingle, bytes: key.length + value.length })
      }
    }
  }

  #keep(digest: string, set: SetRecord): void {
    const bytes = set.paths.reduce((sum, path) => sum + path.length + 3, digest.length)
    if (!this.#isAllowed(bytes)) return
    this.parts.cache.rememberSet(Buffer.from(digest, 'hex'), set)
    this.#enter(digest, { isSingle: set.isSingle, bytes })
  }

  #enter(digest: string, kept: KeptSet): void {
    this.#leave(digest)
    this.#kept.set(digest, kept)
    this.#bytes += kept.bytes
    const { count, bytes } = this.parts.limits
    while (this.#kept.size > count || this.#bytes > bytes) {
      const oldest = this.#leastUseful()
      if (oldest === undefined) return
      this.#leave(oldest)
      this.parts.cache.forgetSet(Buffer.from(oldest, 'hex'))
    }
  }

  #leave(digest: string): void {
    this.#bytes -= this.#kept.get(digest)?.bytes ?? 0
    this.#kept.delete(digest)
  }

  #noteUse(digest: string): void {
    const kept = this.#kept.get(digest)
    if (!kept) return
    this.#kept.delete(digest)
    this.#kept.set(digest, { ...kept, isReused: true })
  }

  /** The longest unused set of those that were used once, or of all. */
  #leastUseful(): string | undefined {
    for (const [digest, { isReused }] of this.#kept) if (!isReused) return digest
    const [oldest] = this.#kept.keys()
    return oldest
  }

  /** Whether that many more bytes may be kept now. */
  #isAllowed(bytes: number): boolean {
    const { limits, monotonic } = this.parts
    const now = monotonic()
    const earned = ((now - this.#allowedAt) * limits.bytesPerMinute) / MINUTE
    this.#allowance = Math.min(2 * limits.bytesPerMinute, this.#allowance + earned)
    this.#allowedAt = now
    if (bytes > this.#allowance) return false
    this.#allowance -= bytes
    return true
  }
}
