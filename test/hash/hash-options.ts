import { availableKernels } from '../../src/hash/kernels/choose.js'
import type { HashOptions } from '../../src/hash/hash-stream.js'

/** Options for a run with SHA-1 on one thread that nobody interrupts, with changes. */
export function hashOptions(changes: Partial<HashOptions> = {}): HashOptions {
  const signal = new AbortController().signal
  return { algorithm: 'sha1', kernel: 'crypto', threads: 1, signal, ...changes }
}

/** Every kernel of this machine, on one thread and on several. */
export const USES = availableKernels().flatMap(({ name: kernel }) => {
  return [1, 3].map((threads) => ({ kernel, threads }))
})
