import { BtkitError } from '../../errors.js'
import { loadAddon, type NativeName } from './addon.js'
import type { KernelName } from './kernel.js'
import { createHash } from 'node:crypto'
import { DIGEST_LENGTH, type HashKernel, type HashAlgorithm } from './kernel.js'
import type { Addon } from './addon.js'

/** All kernels, fastest first. */
export const KERNEL_NAMES: readonly KernelName[] = ['avx512', 'shani', 'avx2', 'crypto']

/** OpenSSL through node:crypto: hashes one piece at a time, works on every machine. */
export const cryptoKernel: HashKernel = {
  name: 'crypto',
  lanes: 1,

  hash({ algorithm, data, pieceLength, count, out }) {
    for (let i = 0; i < count; i++) {
      const piece = data.subarray(i * pieceLength, (i + 1) * pieceLength)
      out.set(createHash(algorithm).update(piece).digest(), i * DIGEST_LENGTH[algorithm])
    }
  },
}

/** Number of pieces that each kernel hashes in parallel. */
const LANES: Record<NativeName, number> = { avx512: 32, avx2: 8, shani: 4 }

const PIECE_LENGTH = 64 * 1024

const DURATION_MS = 100

/** Returns the kernels that this machine can run, fastest first. */
export function availableKernels(): HashKernel[] {
  return KERNEL_NAMES.flatMap((name) => findKernel(name) ?? [])
}

/** Whether the native addon is built. If so, only the processor decides which kernels work. */
export function hasAddon(): boolean {
  return loadAddon() !== null
}

/**
 * Returns the kernel of a name, by default the fastest one of this machine.
 * @throws BtkitError `usage` if the name is unknown, `kernel` if this machine cannot run it
 */
export function chooseKernel(name?: string): HashKernel {
  const kernel = chosen.get(name) ?? findAny(name)
  chosen.set(name, kernel)
  return kernel
}

/** Cached, because a kernel is chosen for each of many small files. */
const chosen = new Map<string | undefined, HashKernel>()

function findAny(name: string | undefined): HashKernel {
  const names = KERNEL_NAMES.filter((known) => name === undefined || known === name)
  if (names.length === 0) {
    throw new BtkitError(
      'usage',
      `hash kernel '${name ?? ''}': not one of ${KERNEL_NAMES.join(', ')}`,
    )
  }
  for (const candidate of names) {
    const kernel = findKernel(candidate)
    if (kernel) return kernel
  }
  const why = hasAddon()
    ? 'this processor lacks it'
    : 'there is no native accelerator; btkit doctor says why'
  throw new BtkitError('kernel', `hash kernel ${name ?? ''}: ${why}`)
}

function findKernel(name: KernelName): HashKernel | null {
  if (name === 'crypto') return cryptoKernel
  const addon = loadAddon()
  return addon?.features()[name] ? nativeKernel(addon, name satisfies NativeName) : null
}

/** Wraps a kernel of the native addon. */
function nativeKernel(addon: Addon, name: NativeName): HashKernel {
  return {
    name,
    lanes: LANES[name],

    hash({ algorithm, data, pieceLength, count, out }) {
      addon.hash(name, algorithm, data, pieceLength, count, out)
    },
  }
}

/**
 * Measures the bytes a second that a kernel hashes on this thread, with data in the processor's
 * cache. Takes 0.1 s.
 */
export function measureKernel(kernel: HashKernel, algorithm: HashAlgorithm): number {
  const data = new Uint8Array(kernel.lanes * PIECE_LENGTH)
  const out = new Uint8Array(kernel.lanes * DIGEST_LENGTH[algorithm])
  const batch = { algorithm, data, pieceLength: PIECE_LENGTH, count: kernel.lanes, out }
  const started = performance.now()
  let bytes = 0
  let elapsed = 0
  do {
    kernel.hash(batch)
    bytes += data.length
    elapsed = performance.now() - started
  } while (elapsed < DURATION_MS)
  return (bytes / elapsed) * 1000
}
