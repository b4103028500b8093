/** Size of the message in bytes: two words of 64 bits. */
const SIZE = 16

/** The last word holds the length of the message in its highest byte. */
const LAST = SIZE << 24

const COMPRESSION_ROUNDS = 6
const ROUNDS = COMPRESSION_ROUNDS + 4

/**
 * Hashes 16 bytes with a secret key (SipHash-2-4). Nobody can predict a hash without the key.
 * `key` has four words of 32 bits. `digest` receives 64 bits, lower half first.
 * The functions of node:crypto would take several times as long.
 */
export function sipHash(key: Uint32Array, message: Uint8Array, digest: Uint32Array): void {
  const k0 = key[0] ?? 0
  const k1 = key[1] ?? 0
  const k2 = key[2] ?? 0
  const k3 = key[3] ?? 0
  // Four words of 64 bits, each as a lower and a higher half
  let l0 = k0 ^ 0x70736575
  let h0 = k1 ^ 0x736f6d65
  let l1 = k2 ^ 0x6e646f6d
  let h1 = k3 ^ 0x646f7261
  let l2 = k0 ^ 0x6e657261
  let h2 = k1 ^ 0x6c796765
  let l3 = k2 ^ 0x79746573
  let h3 = k3 ^ 0x74656462
  let low = 0
  let high = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const isFirst = (round & 1) === 0
    if (round < COMPRESSION_ROUNDS && isFirst) {
      low = round === 4 ? 0 : wordAt(message, 4 * round)
      high = round === 4 ? LAST : wordAt(message, 4 * round + 4)
      l3 ^= low
      h3 ^= high
    } else if (round === COMPRESSION_ROUNDS) {
      l2 ^= 0xff
    }
    let sum = (l0 >>> 0) + (l1 >>> 0)
    h0 = (h0 + h1 + (sum > 0xffffffff ? 1 : 0)) | 0
    l0 = sum | 0
    let before = l1
    l1 = ((l1 << 13) | (h1 >>> 19)) ^ l0
    h1 = ((h1 << 13) | (before >>> 19)) ^ h0
    before = l0
    l0 = h0
    h0 = before
    sum = (l2 >>> 0) + (l3 >>> 0)
    h2 = (h2 + h3 + (sum > 0xffffffff ? 1 : 0)) | 0
    l2 = sum | 0
    before = l3
    l3 = ((l3 << 16) | (h3 >>> 16)) ^ l2
    h3 = ((h3 << 16) | (before >>> 16)) ^ h2
    sum = (l0 >>> 0) + (l3 >>> 0)
    h0 = (h0 + h3 + (sum > 0xffffffff ? 1 : 0)) | 0
    l0 = sum | 0
    before = l3
    l3 = ((l3 << 21) | (h3 >>> 11)) ^ l0
    h3 = ((h3 << 21) | (before >>> 11)) ^ h0
    sum = (l2 >>> 0) + (l1 >>> 0)
    h2 = (h2 + h1 + (sum > 0xffffffff ? 1 : 0)) | 0
    l2 = sum | 0
    before = l1
    l1 = ((l1 << 17) | (h1 >>> 15)) ^ l2
    h1 = ((h1 << 17) | (before >>> 15)) ^ h2
    before = l2
    l2 = h2
    h2 = before
    if (round < COMPRESSION_ROUNDS && !isFirst) {
      l0 ^= low
      h0 ^= high
    }
  }
  digest[0] = l0 ^ l1 ^ l2 ^ l3
  digest[1] = h0 ^ h1 ^ h2 ^ h3
}

/** Reads four bytes as a little-endian number. */
export function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}
