import { availableParallelism } from 'node:os'
import { Option } from '@commander-js/extra-typings'
import type { Engine } from '../../core/digests/hash-content.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { createThrottle } from '../../hash/jobs/throttle.js'
import type { Io } from '../io.js'
import { reportWarning } from '../output/messages.js'
import { wholeNumber } from './values.js'

export interface EngineOptions {
  readonly threads: number
  /** In bytes a second. */
  readonly maxRate?: number | undefined
  /** Whether to leave warnings out. */
  readonly quiet?: boolean | undefined
}

/** Below this rate, in bytes a second, the unit was probably forgotten. */
const SLOWEST_RATE = 64 * 1024

/** `--threads`; by default as many as there are processors. */
export function threadsOption() {
  return new Option('-t, --threads <n>', 'read and hash with this many threads')
    .argParser(wholeNumber(1, 256))
    .default(availableParallelism())
}

/**
 * The hash engine that a command line asks for. Warns of a rate that nobody means.
 * @throws BtkitError `usage` when BTKIT_HASH is no kernel, `kernel` when this machine can't run it
 */
export function engineFor({ threads, maxRate, quiet }: EngineOptions, io: Io): Engine {
  const { env, signal } = io
  if (!quiet && maxRate !== undefined && maxRate < SLOWEST_RATE) {
    reportWarning(`--max-rate: only ${maxRate} bytes a second; 20M is 20 MiB a second`, io)
  }
  const kernel = chooseKernel(env['BTKIT_HASH'] || undefined).name
  const throttle = maxRate === undefined ? undefined : createThrottle(maxRate)
  return { kernel, threads, throttle, signal }
}
