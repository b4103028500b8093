import { Buffer } from 'node:buffer'
import type crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { loadNative } from './native-addon.js'

/** The digests of torrents, with their lengths in bytes. */
const LENGTHS = { sha1: 20, sha256: 32 } as const

export type DigestAlgorithm = keyof typeof LENGTHS

/** Of the addon; native/piece_hash.c says what it checks. */
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
 * The digest of `bytes`, or of a text's UTF-8. By the addon where the processor has instructions for
 * it: to load node:crypto takes longer than many a command does all else, and each of its hashes
 * several times as long as one of some hundred bytes.
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
 * What the addon writes to. An array that it has seen gets memory beside the heap, which for a few
 * bytes takes longer to make and to let go than the digest itself.
 */
const OUTPUTS: Partial<Record<DigestAlgorithm, Buffer>> = {}

/** Only when it is needed. */
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
