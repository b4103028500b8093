import type { Addon, NativeName } from './addon.js'
import type { HashAlgorithm, HashKernel, SlicedHash } from './kernel.js'

/** Pieces that each kernel hashes side by side. */
const LANES: Record<NativeName, number> = { avx512: 16, avx2: 8, shani: 4 }

/** Words of 32 bits in the state of one lane. */
const STATE_WORDS: Record<HashAlgorithm, number> = { sha1: 5, sha256: 8 }

/** A kernel of the accelerator. */
export function nativeKernel(addon: Addon, name: NativeName): HashKernel {
  return {
    name,
    lanes: LANES[name],

    hash({ algorithm, data, pieceLength, count, out }) {
      addon.hash(name, algorithm, data, pieceLength, count, out)
    },

    begin(algorithm, lanes): SlicedHash {
      const state = new Uint32Array(lanes * STATE_WORDS[algorithm])
      let total = 0
      addon.init(algorithm, state, lanes)
      return {
        update(data, length) {
          addon.update(name, algorithm, state, data, length, length, lanes)
          total += length
        },
        digest(out) {
          addon.finish(algorithm, state, new Uint8Array(0), 0, 0, total, lanes, out)
        },
      }
    },
  }
}
