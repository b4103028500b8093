import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CACHE_FILE } from '../cache/open.js'
import { fileRecordName, type FileKey } from '../cache/records/file.js'
import type { TreeKey } from '../cache/records/tree.js'
import {
  LEAST_CLAIMED,
  type CacheAccess,
  type Claimed,
  type ClaimRequest,
} from '../core/digests/cache-trust.js'
import { alignedFiles } from '../core/digests/file-trees.js'
import { pieceOwners } from '../core/digests/piece-owners.js'
import { countUnknown, unknownFiles } from '../core/digests/piece-table.js'
import { isRacy } from '../core/digests/settled.js'
import { digestOf } from '../bytes.js'
import { ByteLocks } from '../files/byte-locks.js'
import type { ScannedFile } from '../files/scan/scanned-tree.js'
import { monotonicNow } from '../monotonic.js'
import type { RedisLink } from '../redis/link.js'
import { VERSION } from './seal.js'
import { redisKey } from './shared-digests.js'
import { sharedName, type ShareRules } from './shares.js'

/** The most files of a content that are claimed. */
const MOST = 256

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

/** Milliseconds until the claims of a machine that died are gone, and between two renewals. */
const LIFE_MS = 15_000
const RENEWAL_MS = 5000

/** Bytes of a digest that become the place of a lock: an exact integer in JavaScript. */
const PLACE_BYTES = 6

/** A file to be hashed: its lock here, and its key in Redis, if machines share it. */
interface Claim {
  readonly place: number
  readonly key: string | null
}

/** The machines that claim the same files. */
export interface ClaimingMachines {
  readonly link: RedisLink
  readonly rules: ShareRules
}

/**
 * Claims to files that are about to be hashed. Without them, cron and `serve`, or all mirrors of a
 * new file, would hash it at the same time. Processes with one cache have locks in a file beside it,
 * which end with their process; machines have keys in Redis, which expire.
 */
export class HashClaims {
  /** Undefined before the first claim; null if there are no locks. */
  #locks: ByteLocks | null | undefined
  readonly #held = new Set<Claim>()
  #renewal: NodeJS.Timeout | undefined
  #released: Claim[] = []
  #releasing: Promise<void> | null = null
  #mistrustUntil = -Infinity

  /** The locks are in the cache's directory. They are released before the cache is closed. */
  constructor(
    private readonly access: Pick<CacheAccess, 'cache' | 'now' | 'trust'>,
    private readonly directory: string,
    private readonly machines: ClaimingMachines | null,
  ) {
    access.cache.beforeClose = () => this.close()
  }

  /**
   * Claims the files of content whose digests are unknown. Resolves when no other process or machine
   * hashes them, or after a while. Null if nothing is to be claimed, or others hold it for too long.
   */
  async claim(request: ClaimRequest): Promise<Claimed | null> {
    const { content, table, engine } = request
    const bytes = countUnknown(content, table)
    if (bytes < LEAST_CLAIMED) return null
    const claims = this.#claimsOf(request)
    const until = monotonicNow() + claimPatience.ms + bytes / claimPatience.bytesPerMs
    let isLookDue = content.files.length <= FEW_FILES
    for (let ms = ATTEMPTS.first; !(await this.#take(claims));) {
      const now = monotonicNow()
      if (now >= until) this.#mistrustUntil = now + MISTRUST_MS
      if (now < this.#mistrustUntil || engine.signal.aborted) return null
      isLookDue = true
      // Other work may have its turn meanwhile
      await engine.pauses?.goOn()
      await delay(ms, null, { signal: engine.signal }).catch(() => undefined)
      ms = Math.min(ms * ATTEMPTS.growth, ATTEMPTS.longest)
    }
    const release = () => {
      this.#released.push(...claims)
      this.#releasing ??= delay(RELEASE_DELAY_MS).then(() => this.#releaseAll())
    }
    return { isLookDue, release }
  }

  /** The claims for content: to each large file, or, if there is none, to the first one for all. */
  #claimsOf({ content, table }: ClaimRequest): Claim[] {
    const { now, trust } = this.access
    const unknown = new Set(unknownFiles(content, table))
    const keyed: { readonly file: ScannedFile; readonly key: FileKey | TreeKey }[] =
      content.version === 'v2'
        ? [...alignedFiles(content)].map(({ file }) => {
            return { file, key: { path: file.absolutePath, size: file.fingerprint.size } }
          })
        : [...pieceOwners(content)]
    // The digests of a file that could change unnoticed are not kept
    const files = keyed.filter(({ file }) => {
      return unknown.has(file) && !isRacy(file.fingerprint, now(), trust)
    })
    const large = files.filter(({ file }) => file.fingerprint.size >= LEAST_CLAIMED)
    return (large.length > 0 ? large : files.slice(0, 1)).slice(0, MOST).map(({ file, key }) => {
      const own = `${content.version} ${'phase' in key ? fileRecordName(key) : key.path}`
      const shared = this.machines && sharedName(key, file.fingerprint, this.machines.rules)
      return {
        place: digestOf('sha256', own).readUIntBE(0, PLACE_BYTES),
        key: shared && redisKey(`${content.version}\0${shared}`, `${VERSION}-claim`),
      }
    })
  }

  /** Takes all claims, or none if somebody else has one of them. */
  async #take(claims: readonly Claim[]): Promise<boolean> {
    if (this.#locks === undefined)
      this.#locks = ByteLocks.open(join(this.directory, `${CACHE_FILE}-claims`))
    const places = new Set([...this.#held].map(({ place }) => place))
    const taken: Claim[] = []
    for (const claim of claims) {
      if (places.has(claim.place) || this.#locks?.tryLock(claim.place) === 'held') break
      taken.push(claim)
    }
    for (const claim of taken) this.#held.add(claim)
    // Where claims are impossible for now, nobody waits
    const keys = taken.length < claims.length ? [] : keysOf(claims)
    const answers = await this.#ask(keys, true)
    if (taken.length === claims.length && !answers.includes(null)) {
      this.#renewal ??= setInterval(() => void this.#ask(keysOf(this.#held)), RENEWAL_MS).unref()
      return true
    }
    await this.#give(taken, new Set(keys.filter((_, i) => answers[i] === 'OK')))
    return false
  }

  /** Sets keys for a while: only such as nobody has, or only such as there are. */
  async #ask(keys: readonly string[], isNew = false): Promise<readonly ('OK' | null)[]> {
    if (keys.length === 0) return []
    const answers = await this.machines?.link.ask(
      (client) =>
        Promise.all(
          keys.map((key) =>
            isNew
              ? client.set(key, '', 'PX', LIFE_MS, 'NX')
              : client.set(key, '', 'PX', LIFE_MS, 'XX'),
          ),
        ),
      { isWrite: true, bytes: 100 * keys.length },
    )
    return answers ?? []
  }

  /** Gives claims back, of which this machine has these keys. */
  async #give(claims: readonly Claim[], keys: ReadonlySet<string>): Promise<void> {
    for (const claim of claims) {
      this.#held.delete(claim)
      this.#locks?.unlock(claim.place)
    }
    if (this.#held.size === 0) {
      clearInterval(this.#renewal)
      this.#renewal = undefined
    }
    if (keys.size === 0) return
    await this.machines?.link.ask(
      (client) => Promise.all([...keys].map((key) => client.del(key))),
      { isWrite: true },
    )
  }

  async #releaseAll(): Promise<void> {
    this.#releasing = null
    const claims = this.#released
    this.#released = []
    // Others look digests up as soon as they have the claim
    await this.access.cache.flush()
    await this.#give(claims, new Set(keysOf(claims)))
  }

  /** Releases everything, when the cache has what was hashed. */
  async close(): Promise<void> {
    await this.#releasing
    await this.#releaseAll()
    const left = [...this.#held]
    await this.#give(left, new Set(keysOf(left)))
    this.#locks?.close()
    this.#locks = null
  }
}

function keysOf(claims: Iterable<Claim>): string[] {
  return [...claims].flatMap(({ key }) => key ?? [])
}
