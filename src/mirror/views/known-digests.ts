import { LRUCache } from 'lru-cache'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import { isSameFile, keptFingerprint } from '../../core/digests/cache-trust.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** A file as it was looked at. */
export type LookedAt = Pick<ScannedFile, 'absolutePath' | 'fingerprint'>

/** Files whose digests are remembered here, where no cache can. */
const MOST_FILES = 1000

/** The bytes of SHA-256. */
const SHA256 = 32

/** SHA-256 of whole files that were read before. */
export class KnownDigests {
  readonly #cacheAccess: CacheAccess
  readonly #recent = new LRUCache<string, Uint8Array>({ max: MOST_FILES })

  constructor(cacheAccess: CacheAccess) {
    this.#cacheAccess = cacheAccess
  }

  /** The digest of a file as it is now, if it is known. */
  find(file: LookedAt): Uint8Array | null {
    const { cache, trust } = this.#cacheAccess
    const { absolutePath, fingerprint } = file
    const record = cache.peekDigest('sha256', absolutePath)
    const encoded = encodeFingerprint(fingerprint)
    const isCurrent =
      record?.digest.length === SHA256 && isSameFile(record.fingerprint, encoded, trust)
    return isCurrent ? record.digest : (this.#recent.get(stateOf(file)) ?? null)
  }

  /** Has the cache count the digest of a file as used. */
  noteUse({ absolutePath }: LookedAt): void {
    this.#cacheAccess.cache.digest('sha256', absolutePath)
  }

  remember(file: LookedAt, digest: Uint8Array): void {
    const fingerprint = keptFingerprint(file.fingerprint)
    this.#recent.set(stateOf(file), digest)
    this.#cacheAccess.cache.rememberDigest('sha256', file.absolutePath, { fingerprint, digest })
  }
}

/** What tells one state of a file from all others. */
export function stateOf({ absolutePath, fingerprint }: LookedAt): string {
  return `${Buffer.from(encodeFingerprint(fingerprint)).toString('base64')} ${absolutePath}`
}
