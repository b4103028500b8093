import { availableParallelism } from 'node:os'
import { Option } from '@commander-js/extra-typings'
import type { Engine } from '../../core/digests/hash-content.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { createThrottle } from '../../hash/jobs/throttle.js'
import type { Io } from '../io.js'
import { wholeNumber } from './values.js'

export interface EngineOptions {
  readonly threads: number
  /** In bytes a second. */
  readonly maxRate?: number | undefined
}

/** `--threads`; by default as many as there are processors. */
export function threadsOption() {
  return new Option('-t, --threads <n>', 'threads that read and hash')
    .argParser(wholeNumber(1, 256))
    .default(availableParallelism())
}

/**
 * The hash engine that a command line asks for.
 * @throws BtkitError `usage` when BTKIT_HASH is no kernel, `kernel` when this machine can't run it
 */
export function engineFor({ threads, maxRate }: EngineOptions, { env, signal }: Io): Engine {
  const kernel = chooseKernel(env['BTKIT_HASH'] || undefined).name
  const throttle = maxRate === undefined ? undefined : createThrottle(maxRate)
  return { kernel, threads, throttle, signal }
}
