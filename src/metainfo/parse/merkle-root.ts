import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** A SHA-256 digest, in bytes. */
export const DIGEST_LENGTH = 32

/** What a leaf of the Merkle tree of a file is the hash of, in bytes (BEP 52). */
export const BLOCK_LENGTH = 16 * 1024

/**
 * The root of a file's Merkle tree (BEP 52) from its piece layer: a digest for each piece of
 * `pieceLength` bytes, a power of two times the block length. The tree is filled up with leaves of
 * zeros. These are not stored: on each level all nodes above them are equal.
 */
export function merkleRoot(layer: Uint8Array, pieceLength: number): Uint8Array {
  let padding = pieceOfZeroLeaves(pieceLength)
  let level = layer
  while (level.length > DIGEST_LENGTH) {
    level = hashLevel(level, padding)
    padding = hashPair(padding, padding)
  }
  return level
}

function pieceOfZeroLeaves(pieceLength: number): Uint8Array {
  let digest: Uint8Array = new Uint8Array(DIGEST_LENGTH)
  for (let length = BLOCK_LENGTH; length < pieceLength; length *= 2) {
    digest = hashPair(digest, digest)
  }
  return digest
}

/** The level above; an odd digest at the end is paired with `padding`. */
function hashLevel(level: Uint8Array, padding: Uint8Array): Uint8Array {
  const pairs = Math.ceil(level.length / DIGEST_LENGTH / 2)
  const above = Buffer.alloc(pairs * DIGEST_LENGTH)
  for (let pair = 0; pair < pairs; pair += 1) {
    const start = pair * 2 * DIGEST_LENGTH
    const left = level.subarray(start, start + DIGEST_LENGTH)
    const right = level.subarray(start + DIGEST_LENGTH, start + 2 * DIGEST_LENGTH)
    above.set(hashPair(left, right.length > 0 ? right : padding), pair * DIGEST_LENGTH)
  }
  return above
}

function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(left).update(right).digest()
}
