import type { Engine } from '../core/hash-content.js'
import { chooseKernel } from '../hash/choose-kernel.js'
import type { Io } from './io.js'

/**
 * The hash engine that a command line asks for.
 * @throws BtkitError when BTKIT_HASH names a kernel that is not to be had
 */
export function engineFor({ threads }: { threads: number }, { env, signal }: Io): Engine {
  const kernel = chooseKernel(env['BTKIT_HASH'] || undefined).name
  return { kernel, threads, signal }
}
