import { Buffer } from 'node:buffer'
import { createHash, createHmac } from 'node:crypto'
import { loadNative } from './native-addon.js'

/** The hash functions of BitTorrent: SHA-1 for pieces (BEP 3), SHA-256 for v2 (BEP 52). */
export type HashAlgorithm = 'sha1' | 'sha256'

/** The kernels of the native addon. */
export type NativeName = 'avx512' | 'avx2' | 'shani'

/** Functions of the native addon; native/piece_hash.c describes what they do and check. */
export interface Hasher {
  /** Returns which kernels this processor and operating system can run. */
  features(): Record<NativeName, boolean>

  /** Writes the digests of `count` adjacent pieces of `data` one after another to `out`. */
  hash(
    kernel: NativeName,
    algorithm: HashAlgorithm,
    data: Uint8Array,
    pieceLength: number,
    count: number,
    out: Uint8Array,
  ): void
}

/**
 * Returns the digest of `bytes`, or of the UTF-8 bytes of a text. By the native addon if the
 * processor has SHA instructions: many commands would load node:crypto for a single digest, and
 * with it node:stream, which takes a tenth of their time.
 */
export function digestOf(algorithm: HashAlgorithm, bytes: Uint8Array | string): Buffer {
  if (hasher === null) return createHash(algorithm).update(bytes).digest()
  const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  const out = OUTPUTS[algorithm]
  hasher.hash('shani', algorithm, data, data.length, 1, out)
  const digest = Buffer.alloc(out.length)
  digest.set(out)
  return digest
}

/** Reused: for an array that it has not seen, the addon allocates memory outside the heap. */
const OUTPUTS = { sha1: Buffer.allocUnsafeSlow(20), sha256: Buffer.allocUnsafeSlow(32) }

const addon = loadNative<Hasher>('hash', 'features')
const hasher = addon?.features().shani ? addon : null

/** Returns HMAC-SHA-256 (RFC 2104) of the parts together; texts count as UTF-8. */
export function hmacOf(key: Uint8Array, parts: readonly (Uint8Array | string)[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

export function sha256(bytes: Uint8Array | string): Buffer {
  return digestOf('sha256', bytes)
}

/** Whether two arrays have the same bytes, or both are null. */
export function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}

/** Turns each byte into one character, as a key of maps or for text that may not be UTF-8. */
export function latin1(bytes: Uint8Array): string {
  return textOf(bytes, 'latin1')
}

/** Returns bytes as a text, without a copy of them. */
export function textOf(
  { buffer, byteOffset, length }: Uint8Array,
  encoding: 'latin1' | 'hex' | 'base64',
): string {
  return Buffer.from(buffer, byteOffset, length).toString(encoding)
}

/**
 * Returns a checksum (FNV-1a, 32 bits) of a range of bytes, which detects accidental damage but not
 * forgery. `before` is that of the bytes before them.
 */
export function checksumOf(
  bytes: Uint8Array,
  [start, end]: readonly [number, number] = [0, bytes.length],
  before = 0x811c9dc5,
): number {
  let hash = before
  // By index, which takes a fifth of the time of an iterator
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193)
  return hash >>> 0
}

const NUL = 0x00
const NEWLINE = 0x0a

/** Yields the names of a list, which end with NULs if there are any, and else with newlines. */
export function* splitNames(bytes: Buffer): Generator<Buffer> {
  const end = bytes.includes(NUL) ? NUL : NEWLINE
  let from = 0
  for (let to = bytes.indexOf(end); to >= 0; to = bytes.indexOf(end, from)) {
    yield bytes.subarray(from, to)
    from = to + 1
  }
  yield bytes.subarray(from)
}
