import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CACHE_FILE } from '../cache/open.js'
import { monotonicNow } from '../monotonic.js'
import type { CacheAccess, Claimed, ClaimRequest } from '../core/digests/cache-trust.js'
import { countUnknown } from '../core/digests/piece-table.js'
import { filesToClaim, localName, namesOf, type ClaimedFile } from './claim-names.js'
import { LEAST_BYTES, RENEWAL_MS, type Claims } from './claims.js'
import { LocalClaims } from './local-claims.js'

/** Claims of one kind, and the names of files there. */
export interface ClaimLevel {
  readonly claims: Claims
  readonly nameOf: (file: ClaimedFile) => string | null
}

/**
 * Work waits for others at most so many milliseconds, plus the time in which a slow disk reads its
 * own bytes: small work does not wait for large work. Tests raise it, because a machine that runs
 * them may be busy for longer.
 */
export const claimPatience = { ms: 5000, bytesPerMs: 20_000 }

/** Milliseconds without any wait after one in vain: somebody may hold claims and not hash. */
const MISTRUST_MS = 60_000

/** Milliseconds between attempts: the first, by how much they grow, and the longest. */
const ATTEMPTS = { first: 20, growth: 1.5, longest: 500 }

/** Milliseconds until claims are released together, when the cache has what was hashed. */
const RELEASE_DELAY_MS = 20

/** Below so many files, looking digests up again takes no time that a user notices. */
const FEW_FILES = 256

/** The names that were claimed, by level. */
type Names = readonly (readonly [claims: Claims, names: readonly string[]])[]

/** Claims files that are about to be hashed, and waits while others hash them. */
export class HashClaims {
  readonly #access: Pick<CacheAccess, 'cache' | 'now' | 'trust'>
  readonly #levels: readonly ClaimLevel[]
  readonly #patience: typeof claimPatience
  #held = 0
  #renewal: NodeJS.Timeout | undefined
  #toRelease: Names[] = []
  #releasing: NodeJS.Timeout | undefined
  #released: Promise<unknown> = Promise.resolve()
  #mistrustUntil = -Infinity

  /** Claims of earlier levels are asked for before those of later ones. */
  constructor(
    access: Pick<CacheAccess, 'cache' | 'now' | 'trust'>,
    levels: readonly ClaimLevel[],
    patience = claimPatience,
  ) {
    this.#access = access
    this.#levels = levels
    this.#patience = patience
  }

  /**
   * Claims the files of content whose digests are unknown. Resolves when no other process or machine
   * hashes them, or after a while. Null if nothing is to be claimed, or others hold it for too long.
   */
  async claim({ content, table, engine }: ClaimRequest): Promise<Claimed | null> {
    const bytes = countUnknown(content, table)
    if (bytes < LEAST_BYTES) return null
    const files = filesToClaim(content, table, this.#access)
    const names = this.#levels.map(({ claims, nameOf }) => {
      return [claims, namesOf(files, nameOf)] as const
    })
    const until = monotonicNow() + this.#patience.ms + bytes / this.#patience.bytesPerMs
    let isLookDue = content.files.length <= FEW_FILES
    for (let ms = ATTEMPTS.first; !(await this.#claimAll(names));) {
      const now = monotonicNow()
      if (now >= until) this.#mistrustUntil = now + MISTRUST_MS
      if (now < this.#mistrustUntil || engine.signal.aborted) return null
      isLookDue = true
      // Other work may have its turn meanwhile
      await engine.pauses?.goOn()
      await delay(ms, null, { signal: engine.signal }).catch(() => undefined)
      ms = Math.min(ms * ATTEMPTS.growth, ATTEMPTS.longest)
    }
    return {
      isLookDue,
      release: () => {
        this.#releaseSoon(names)
      },
    }
  }

  async #claimAll(names: Names): Promise<boolean> {
    for (const [i, [claims, ofLevel]] of names.entries()) {
      if (ofLevel.length === 0 || (await claims.claim(ofLevel)) === 'held') continue
      await releaseAll(names.slice(0, i))
      return false
    }
    this.#held += 1
    this.#renewal ??= setInterval(() => {
      for (const { claims } of this.#levels) void claims.renew()
    }, RENEWAL_MS).unref()
    return true
  }

  #releaseSoon(names: Names): void {
    this.#held -= 1
    if (this.#held === 0) {
      clearInterval(this.#renewal)
      this.#renewal = undefined
    }
    this.#toRelease.push(names)
    this.#releasing ??= setTimeout(() => {
      this.#released = Promise.all([this.#released, this.#release()])
    }, RELEASE_DELAY_MS)
  }

  async #release(): Promise<void> {
    clearTimeout(this.#releasing)
    this.#releasing = undefined
    const released = this.#toRelease.splice(0)
    if (released.length === 0) return
    // Others look digests up as soon as they have the claim
    await this.#access.cache.flush()
    await Promise.all(released.map(releaseAll))
  }

  /** Releases everything, when the cache has what was hashed. */
  async close(): Promise<void> {
    await Promise.all([this.#released, this.#release()])
    await Promise.all(this.#levels.map(({ claims }) => claims.close()))
  }
}

async function releaseAll(names: Names): Promise<void> {
  await Promise.all(names.map(([claims, ofLevel]) => claims.release(ofLevel)))
}

/**
 * Claims among the processes that use the cache in a directory and, if given, of another level. They
 * are released before the cache is closed.
 */
export function openHashClaims(
  access: CacheAccess,
  directory: string,
  further: ClaimLevel | null,
): HashClaims {
  const local = new LocalClaims(join(directory, `${CACHE_FILE}-claims`))
  const levels = [{ claims: local, nameOf: localName }, ...(further ? [further] : [])]
  const claims = new HashClaims(access, levels)
  access.cache.beforeClose = () => claims.close()
  return claims
}
