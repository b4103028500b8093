/** The hash functions of BitTorrent: SHA-1 for pieces (BEP 3), SHA-256 for v2 (BEP 52). */
export type HashAlgorithm = 'sha1' | 'sha256'

/** Length of a digest in bytes. */
export const DIGEST_LENGTH: Record<HashAlgorithm, number> = { sha1: 20, sha256: 32 }

/** The hash kernels. `crypto` uses node:crypto and works everywhere. */
export type KernelName = 'avx512' | 'avx2' | 'shani' | 'crypto'

/**
 * Computes digests of many pieces of the same length in one call. All kernels return the same
 * digests.
 */
export interface HashKernel {
  readonly name: KernelName

  /** Number of pieces that one call needs for full speed. */
  readonly lanes: number

  /**
   * Hashes `count` adjacent pieces of `pieceLength` bytes at the start of `data`. Writes their
   * digests one after another to the start of `out`.
   */
  hash(batch: PieceBatch): void
}

/** Pieces to hash in one call. */
export interface PieceBatch {
  readonly algorithm: HashAlgorithm
  readonly data: Uint8Array
  readonly pieceLength: number
  readonly count: number
  readonly out: Uint8Array
}
