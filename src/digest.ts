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
  const passing = passingDigest(algorithm, typeof bytes === 'string' ? joined([bytes]) : bytes)
  const digest = Buffer.alloc(passing.length)
  digest.set(passing)
  return digest
}

/** Returns a digest that is valid until the next call. */
function passingDigest(algorithm: DigestAlgorithm, data: Uint8Array): Uint8Array {
  const hasher = findHasher()
  if (hasher === null) return loadCrypto().createHash(algorithm).update(data).digest()
  const out = (OUTPUTS[algorithm] ??= Buffer.alloc(LENGTHS[algorithm]))
  hasher.hash('shani', algorithm, data, data.length, 1, out)
  return out
}

/**
 * Returns HMAC-SHA-256 (RFC 2104) of the parts together; texts count as UTF-8. For a few hundred
 * bytes, node:crypto takes twice as long, and leaves more garbage.
 */
export function hmacOf(key: Uint8Array, parts: readonly (Uint8Array | string)[]): Buffer {
  const [inner, outer] = padsOf(key)
  return digestOf('sha256', joined([outer, passingDigest('sha256', joined([inner, ...parts]))]))
}

/** Reused for short parts: each buffer of its own would cost as much as its digest. */
let scratch: Buffer | null = null
const SCRATCH = 16 * 1024

/** Most UTF-8 bytes for a UTF-16 unit. */
const UNIT = 3

/** Returns the bytes of all parts, which are valid until the next call. */
function joined(parts: readonly (Uint8Array | string)[]): Uint8Array {
  let most = 0
  for (const part of parts) most += typeof part === 'string' ? UNIT * part.length : part.length
  if (most > SCRATCH) return Buffer.concat(parts.map((part) => Buffer.from(part)))
  scratch ??= Buffer.allocUnsafeSlow(SCRATCH)
  let length = 0
  for (const part of parts) {
    if (typeof part === 'string') length += scratch.write(part, length)
    else {
      scratch.set(part, length)
      length += part.length
    }
  }
  return scratch.subarray(0, length)
}

/** Length of a block of SHA-256 in bytes. */
const BLOCK = 64

/** The first block of both digests, by key. */
const PADS = new WeakMap<Uint8Array, readonly [inner: Uint8Array, outer: Uint8Array]>()

function padsOf(key: Uint8Array): readonly [inner: Uint8Array, outer: Uint8Array] {
  const known = PADS.get(key)
  if (known) return known
  const short = key.length > BLOCK ? digestOf('sha256', key) : key
  const padOf = (byte: number) =>
    Uint8Array.from({ length: BLOCK }, (_, i) => byte ^ (short[i] ?? 0))
  const pads = [padOf(0x36), padOf(0x5c)] as const
  PADS.set(key, pads)
  return pads
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
