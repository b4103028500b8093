import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CACHE_FILE } from '../disk/cache/open.js'
import type { CacheAccess, Unread } from '../core/digests/cache-access.js'
import { isSettledAt } from '../disk/cache/trust.js'
import { unreadOf } from '../core/digests/piece-table.js'
import type { CutFiles } from '../core/digests/content.js'
import type { FileColumns } from '../disk/file-lists/columns.js'
import { digestOf } from '../base/bytes.js'
import { ByteLocks } from '../disk/write/locks.js'
import { monotonicNow } from '../base/process.js'
import type { RedisClient } from './redis/client.js'
import type { RedisLink } from './redis/link.js'
import { VERSION } from './seal.js'
import { redisKey } from './shared-digests.js'
import { LEAST_ASKED, sharedName, type ShareRules } from './shares.js'

/**
 * Work waits for others at most so many milliseconds, plus the time in which a slow disk reads its
 * own bytes: small work does not wait for large work. Tests raise it, because a machine that runs
 * them may be busy for longer.
 */
export const claimPatience = { ms: 5000, bytesPerMs: 20_000 }

/** Milliseconds between attempts. */
const ATTEMPT_MS = 100

/** With fewer files than this, a second lookup is too short to notice. */
const FEW_FILES = 256

/** Milliseconds until the claims of a machine that died are gone, and between two renewals. */
const LIFE_MS = 15_000
const RENEWAL_MS = 5000

/** Bytes of a digest that become the place of a lock: an exact integer in JavaScript. */
const PLACE_BYTES = 6

/** Content to be hashed: its lock here, and its key in Redis, if machines share it. */
interface Claim {
  readonly place: number
  readonly keys: readonly string[]
}

/** The machines that claim the same files. */
export interface ClaimingMachines {
  readonly link: RedisLink
  readonly rules: ShareRules
  /** Resolves when they see all digests of this machine. */
  readonly flush: () => Promise<void>
}

/**
 * Claims to content that is about to be hashed. Without them, cron and `serve`, or all mirrors of a
 * new file, would hash it at the same time. Processes with one cache have locks in a file beside
 * it, which end with their process; machines have keys in Redis, which expire.
 */
export class HashClaims {
  /** Null if there are no locks. */
  #locks: ByteLocks | null
  /** The claims of this process: the keys of each place. */
  readonly #held = new Map<number, readonly string[]>()
  readonly #renewal: NodeJS.Timeout

  /** The locks are in the cache's directory. They are released before the cache is closed. */
  constructor(
    private readonly access: Pick<CacheAccess, 'cache' | 'now' | 'trust'>,
    directory: string,
    private readonly machines: ClaimingMachines | null,
  ) {
    this.#locks = ByteLocks.open(join(directory, `${CACHE_FILE}-claims`))
    access.cache.beforeClose.push(() => this.close())
    const renew = () =>
      this.#send([...this.#held.values()].flat(), (c, key) => c.pexpire(key, LIFE_MS))
    this.#renewal = setInterval(() => void renew(), RENEWAL_MS).unref()
  }

  /**
   * Claims content whose digests are unknown. Resolves when no other process or machine hashes it,
   * or after a while. Null if nothing is to be claimed, or others hold it for too long. `isLookDue`
   * says that digests must be looked up again, because others may have read the files. `release`
   * releases them as soon as others see the results.
   */
  async claim({
    content,
    table,
    engine,
  }: Pick<Unread, 'content' | 'table'> & { readonly engine: Pick<Unread['engine'], 'signal'> }) {
    const { files, bytes } = unreadOf(content, table)
    const claim = bytes < LEAST_ASKED ? null : this.#claimOf(content, files)
    if (!claim) return null
    const until = monotonicNow() + claimPatience.ms + bytes / claimPatience.bytesPerMs
    let isLookDue = content.files.length <= FEW_FILES
    while (!(await this.#take(claim))) {
      if (monotonicNow() >= until || engine.signal.aborted) return null
      isLookDue = true
      await delay(ATTEMPT_MS, null, { signal: engine.signal }).catch(() => undefined)
    }
    return { isLookDue, release: () => void this.#release([claim.place]) }
  }

  /** The claim to content: to its first large file, or, if there is none, to its first file. */
  #claimOf(content: CutFiles, unknown: FileColumns): Claim | null {
    const { now, trust } = this.access
    // The digests of a file that could change unnoticed are not kept
    const start = { startedMs: now(), trust }
    const files = unknown.filter((i) => isSettledAt(unknown, i, start))
    const large = files.findIndex((i) => files.sizeAt(i) >= LEAST_ASKED)
    const first = files.at(Math.max(large, 0))
    if (!first) return null
    const { absolutePath: path, fingerprint } = first
    // All hard links of a file have one claim, but some file systems change its inode number
    const file = trust === 'full' ? `${fingerprint.device}:${fingerprint.inode}` : path
    const kind = `${content.version} ${content.pieceLength}`
    const key = { path, size: fingerprint.size }
    const shared = this.machines && sharedName(key, fingerprint, this.machines.rules)
    return {
      place: digestOf('sha256', `${kind} ${file}`).readUIntBE(0, PLACE_BYTES),
      keys: shared === null ? [] : [redisKey(`${kind}\0${shared}`, `${VERSION}-claim`)],
    }
  }

  /** Takes a claim, unless somebody else has it. Where claims are impossible, nobody waits. */
  async #take({ place, keys }: Claim): Promise<boolean> {
    if (this.#held.has(place) || this.#locks?.tryLock(place) === 'held') return false
    this.#held.set(place, keys)
    const [answer] = await this.#send(keys, (c, key) => c.set(key, '', 'PX', LIFE_MS, 'NX'))
    if (answer === null) this.#give(place)
    return answer !== null
  }

  /** Sends a command for each key. The answer is empty if Redis is gone. */
  async #send<T>(
    keys: readonly string[],
    command: (client: RedisClient, key: string) => Promise<T>,
  ): Promise<readonly T[]> {
    const send = (client: RedisClient) => Promise.all(keys.map((key) => command(client, key)))
    return keys.length > 0 ? ((await this.machines?.link.ask(send, { isWrite: true })) ?? []) : []
  }

  #give(place: number): void {
    if (this.#held.delete(place)) this.#locks?.unlock(place)
  }

  async #release(places: Iterable<number>): Promise<void> {
    // Others look digests up as soon as they have the claim
    await this.access.cache.flush()
    await this.machines?.flush()
    const keys: string[] = []
    for (const place of places) {
      keys.push(...(this.#held.get(place) ?? []))
      this.#give(place)
    }
    await this.#send(keys, (c, key) => c.del(key))
  }

  /** Releases everything, when the cache has what was hashed. */
  async close(): Promise<void> {
    clearInterval(this.#renewal)
    await this.#release(this.#held.keys())
    this.#locks?.close()
    this.#locks = null
  }
}
