/** The hash functions of BitTorrent: SHA-1 for pieces (BEP 3), SHA-256 for v2 (BEP 52). */
export type HashAlgorithm = 'sha1' | 'sha256'

/** Bytes of one digest. */
export const DIGEST_LENGTH: Record<HashAlgorithm, number> = { sha1: 20, sha256: 32 }

/** The ways to hash; `crypto` is that of node:crypto, which works everywhere. */
export type KernelName = 'avx512' | 'avx2' | 'shani' | 'crypto'

/** Computes digests of many pieces of equal length at once. All kernels give the same digests. */
export interface HashKernel {
  readonly name: KernelName

  /** Pieces that one call must offer for full speed. */
  readonly lanes: number

  /**
   * Hashes `count` pieces of `pieceLength` bytes that lie side by side at the start of `data`.
   * Their digests follow each other at the start of `out`.
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
