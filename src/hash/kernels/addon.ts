import { createRequire } from 'node:module'
import type { HashAlgorithm } from './kernel.js'

/** The kernels of the native addon. */
export type NativeName = 'avx512' | 'avx2' | 'shani'

/** The compiled accelerator; native/piece_hash.c says what its functions do and check. */
export interface Addon {
  /** The kernels that this processor and operating system can run. */
  features(): Record<NativeName, boolean>

  hash(
    kernel: NativeName,
    algorithm: HashAlgorithm,
    data: Uint8Array,
    pieceLength: number,
    count: number,
    out: Uint8Array,
  ): void

  init(algorithm: HashAlgorithm, state: Uint32Array, lanes: number): void

  update(
    kernel: NativeName,
    algorithm: HashAlgorithm,
    state: Uint32Array,
    data: Uint8Array,
    stride: number,
    length: number,
    lanes: number,
  ): void

  finish(
    algorithm: HashAlgorithm,
    state: Uint32Array,
    tail: Uint8Array,
    tailStride: number,
    tailLength: number,
    totalBytesPerLane: number,
    lanes: number,
    out: Uint8Array,
  ): void
}

/** Loads the accelerator, or returns null where it was not built or does not fit this system. */
export function loadAddon(): Addon | null {
  if (loaded === undefined) loaded = requireAddon()
  return loaded
}

/** Kept, because a kernel is chosen anew for each of many small files. */
let loaded: Addon | null | undefined

function requireAddon(): Addon | null {
  try {
    return createRequire(import.meta.url)('#piece-hash') as Addon
  } catch {
    return null
  }
}
