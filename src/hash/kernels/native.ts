import type { Addon, NativeName } from './addon.js'
import type { HashKernel } from './kernel.js'

/** Pieces that each kernel hashes side by side. */
const LANES: Record<NativeName, number> = { avx512: 32, avx2: 8, shani: 4 }

/** A kernel of the accelerator. */
export function nativeKernel(addon: Addon, name: NativeName): HashKernel {
  return {
    name,
    lanes: LANES[name],

    hash({ algorithm, data, pieceLength, count, out }) {
      addon.hash(name, algorithm, data, pieceLength, count, out)
    },
  }
}
