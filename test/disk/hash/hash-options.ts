import { availableKernels, chooseKernel, type KernelName } from '../../../src/disk/hash/kernels.js'
import type { HashOptions } from '../../../src/disk/hash/hash-stream.js'

/**
 * Options for a run on one thread that nobody interrupts, with changes. Chooses the kernel of the
 * process.
 */
export function hashOptions({
  kernel = 'crypto',
  ...changes
}: Partial<HashOptions> & { kernel?: KernelName } = {}): HashOptions {
  chooseKernel(kernel)
  return { threads: 1, signal: new AbortController().signal, ...changes }
}

/** Every kernel of this machine, on one thread and on several. */
export const USES = availableKernels().flatMap(({ name: kernel }) => {
  return [1, 3].map((threads) => ({ kernel, threads }))
})

/** The two ways there are to read and hash: node:crypto, and the accelerator where it runs. */
export const TWINS = [...new Set(['crypto' as const, chooseKernel().name])]

/** These two, on one thread and on several. */
export const TWIN_USES = TWINS.flatMap((kernel) => [1, 3].map((threads) => ({ kernel, threads })))

export type Uses = readonly { readonly kernel: KernelName; readonly threads: number }[]
