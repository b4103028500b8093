import { Buffer } from 'node:buffer'
import type crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { loadNative } from './native-addon.js'

/** The digest algorithms that torrents use, with the digest length in bytes. */
const LENGTHS = { sha1: 20, sha256: 32 } as const

export type DigestAlgorithm = keyof typeof LENGTHS

/** Functions of the native addon; native/piece_hash.c describes what they check. */
interface Hasher {
  features(): { readonly shani: boolean }
  hash(
    kernel: 'shani',
    algorithm: DigestAlgorithm,
    data: Uint8Array,
    pieceLength: number,
    count: number,
    out: Uint8Array,
  ): void
}

/**
 * Returns the digest of `bytes`, or of the UTF-8 bytes of a text.
 *
 * Uses the native addon if the processor has SHA instructions. Loading node:crypto takes longer
 * than all other work of many commands. For a few hundred bytes its hashes are also several times
 * slower.
 */
export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array | string): Buffer {
  const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  const hasher = findHasher()
  if (hasher === null) return loadCrypto().createHash(algorithm).update(data).digest()
  const out = (OUTPUTS[algorithm] ??= Buffer.alloc(LENGTHS[algorithm]))
  hasher.hash('shani', algorithm, data, data.length, 1, out)
  const digest = Buffer.alloc(out.length)
  digest.set(out)
  return digest
}

/**
 * Reused output buffers of the addon. For an array that it has seen, the addon allocates memory
 * outside the heap. For a few bytes, allocating and freeing that memory takes longer than the
 * digest itself.
 */
const OUTPUTS: Partial<Record<DigestAlgorithm, Buffer>> = {}

/** Loads node:crypto on first use. */
function loadCrypto(): typeof crypto {
  return createRequire(import.meta.url)('node:crypto') as typeof crypto
}

let found: Hasher | null | undefined

function findHasher(): Hasher | null {
  if (found === undefined) {
    const addon = loadNative<Hasher>('hash', 'features')
    found = addon?.features().shani ? addon : null
  }
  return found
}
