import { BtkitError } from '../../errors.js'
import { loadAddon, type NativeName } from './addon.js'
import { cryptoKernel } from './crypto.js'
import type { HashKernel, KernelName } from './kernel.js'
import { nativeKernel } from './native.js'

/** All kernels, the fastest first. */
export const KERNEL_NAMES: readonly KernelName[] = ['avx512', 'shani', 'avx2', 'crypto']

/** The kernels that this machine can run, the fastest first. */
export function availableKernels(): HashKernel[] {
  return KERNEL_NAMES.flatMap((name) => findKernel(name) ?? [])
}

/** Whether the accelerator was built, so that all but `crypto` depend on the processor alone. */
export function hasAddon(): boolean {
  return loadAddon() !== null
}

/**
 * The kernel of that name, by default the fastest that this machine can run.
 * @throws BtkitError `usage` when there is none of that name, `kernel` when it can't run here
 */
export function chooseKernel(name?: string): HashKernel {
  const kernel = chosen.get(name) ?? findAny(name)
  chosen.set(name, kernel)
  return kernel
}

/** Kept, because a kernel is chosen anew for each of many small files. */
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
  const why = hasAddon() ? 'this processor lacks it' : 'the native accelerator is not built'
  throw new BtkitError('kernel', `hash kernel ${name ?? ''}: ${why}`)
}

function findKernel(name: KernelName): HashKernel | null {
  if (name === 'crypto') return cryptoKernel
  const addon = loadAddon()
  return addon?.features()[name] ? nativeKernel(addon, name satisfies NativeName) : null
}
