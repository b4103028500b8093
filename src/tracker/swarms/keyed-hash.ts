/**
 * Hashes 32-bit words with a secret key (HalfSipHash-1-3). Clients cannot choose values that
 * collide in a table.
 */
export function hashWords(key: Uint32Array, words: Uint32Array, count: number): number {
  let v0 = key[0] ?? 0
  let v1 = key[1] ?? 0
  let v2 = v0 ^ 0x6c796765
  let v3 = v1 ^ 0x74656462
  const rounds = count + 4
  for (let round = 0; round < rounds; round += 1) {
    const word = round < count ? (words[round] ?? 0) : round === count ? count << 26 : 0
    if (round === count + 1) v2 ^= 0xff
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return (v1 ^ v3) >>> 0
}
