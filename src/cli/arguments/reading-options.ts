import { type Command, Option, type OptionValues } from '@commander-js/extra-typings'
import { cacheDirOption, cacheTrustOption, noCacheOption } from './cache-options.js'
import { byteRate, wholeNumber } from './values.js'
import { availableParallelism } from 'node:os'
import type { Engine } from '../../core/digests/hash-content.js'
import { chooseKernel } from '../../hash/kernels/choose.js'
import { createThrottle } from '../../hash/jobs/throttle.js'
import type { Io } from '../io.js'
import { reportWarning } from '../output/messages.js'

export function maxRateOption() {
  return new Option(
    '--max-rate <size>',
    'limit the read rate per second, such as 50M (default: unlimited)',
  ).argParser(byteRate)
}

/** Declares the options of commands that hash files, in a group of their own. */
export function declareReadingOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(command: Command<Arguments, Options, Globals>) {
  return command
    .optionsGroup('Reading and cache:')
    .addOption(threadsOption())
    .addOption(maxRateOption())
    .addOption(noCacheOption())
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
}

export interface EngineOptions {
  readonly threads: number
  /** In bytes per second. */
  readonly maxRate?: number | undefined
  /** Whether to omit warnings. */
  readonly quiet?: boolean | undefined
}

/** A lower rate, in bytes per second, probably lacks its unit. */
const SLOWEST_RATE = 64 * 1024

/** The option `--threads`. The default is the number of processors. */
export function threadsOption() {
  return new Option('-t, --threads <n>', 'read and hash with this many threads')
    .argParser(wholeNumber(1, 256))
    .default(availableParallelism())
}

/**
 * Creates the hash engine for a command line. Warns about implausibly low rates.
 * @throws BtkitError `usage` if BTKIT_HASH is not a kernel, `kernel` if this machine cannot run it
 */
export function engineFor({ threads, maxRate, quiet }: EngineOptions, io: Io): Engine {
  const { env, signal } = io
  if (!quiet && maxRate !== undefined && maxRate < SLOWEST_RATE) {
    reportWarning(
      `--max-rate: only ${maxRate} bytes per second; write 20M for 20 MiB per second`,
      io,
    )
  }
  const kernel = chooseKernel(env['BTKIT_HASH'] || undefined).name
  const throttle = maxRate === undefined ? undefined : createThrottle(maxRate)
  return { kernel, threads, throttle, signal, pool: io.shared?.pool }
}
