/** Bytes of a SHA-1 digest: an info hash, or a piece of version 1 (BEP 3). */
export const SHA1 = 20

/** Bytes of a SHA-256 digest: an info hash of version 2, or a node of a Merkle tree (BEP 52). */
export const SHA256 = 32

/** Bytes of a block; a leaf of a file's Merkle tree is the SHA-256 digest of a block (BEP 52). */
export const BLOCK = 16 * 1024

/** Bytes of the largest torrent; no known program creates larger ones. */
export const MAX_TORRENT = 512 * 1024 * 1024
