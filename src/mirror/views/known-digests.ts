import { LRUCache } from 'lru-cache'
import type { CacheAccess } from '../../core/digests/cache-trust.js'
import { isSameFile } from '../../core/digests/cache-trust.js'
import { encodeFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** A file that was looked up. */
export type LookedAt = Pick<ScannedFile, 'absolutePath' | 'fingerprint'>

/** Most files whose digests are remembered here if they cannot be cached. */
const MOST_FILES = 1000

/** Bytes of a SHA-256. */
const SHA256 = 32

/** SHA-256 of whole files that were read before. */
export class KnownDigests {
  readonly #recent = new LRUCache<string, Uint8Array>({ max: MOST_FILES })

  constructor(private readonly cacheAccess: CacheAccess) {}

  /** The digest of a file in its current state, if known. */
  find(file: LookedAt): Uint8Array | null {
    const { cache, trust } = this.cacheAccess
    const { absolutePath, fingerprint } = file
    const record = cache.peekDigest('sha256', absolutePath)
    const encoded = encodeFingerprint(fingerprint)
    const isCurrent =
      record?.digest.length === SHA256 && isSameFile(record.fingerprint, encoded, trust)
    return isCurrent ? record.digest : (this.#recent.get(stateOf(file)) ?? null)
  }

  /** Makes the cache count a file's digest as used. */
  noteUse({ absolutePath }: LookedAt): void {
    this.cacheAccess.cache.digest('sha256', absolutePath)
  }

  remember(file: LookedAt, digest: Uint8Array): void {
    const fingerprint = encodeFingerprint(file.fingerprint)
    this.#recent.set(stateOf(file), digest)
    this.cacheAccess.cache.rememberDigest('sha256', file.absolutePath, { fingerprint, digest })
  }
}

/** Distinguishes a state of a file from all others. */
export function stateOf({ absolutePath, fingerprint }: LookedAt): string {
  return `${Buffer.from(encodeFingerprint(fingerprint)).toString('base64')} ${absolutePath}`
}
