import type { Engine } from '../core/hash-content.js'
import { chooseKernel } from '../hash/choose-kernel.js'
import { createThrottle } from '../hash/throttle.js'
import type { Io } from './io.js'

export interface EngineOptions {
  readonly threads: number
  /** In bytes a second. */
  readonly maxRate?: number | undefined
}

/**
 * The hash engine that a command line asks for.
 * @throws BtkitError when BTKIT_HASH names a kernel that is not to be had
 */
export function engineFor({ threads, maxRate }: EngineOptions, { env, signal }: Io): Engine {
  const kernel = chooseKernel(env['BTKIT_HASH'] || undefined).name
  const throttle = maxRate === undefined ? undefined : createThrottle(maxRate)
  return { kernel, threads, throttle, signal }
}
