import {
  type Command,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from '@commander-js/extra-typings'
import {
  type CacheArguments,
  cacheDirOption,
  cacheTrustOption,
  closeCache,
  noCacheOption,
  openCacheAccess,
} from './cache-options.js'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { byteRate, seconds, wholeNumber } from './values.js'
import { availableParallelism } from 'node:os'
import type { Engine, HashContext } from '../../core/digests/hash-content.js'
import { chooseKernel } from '../../hash/kernels.js'
import { createThrottle } from '../../hash/jobs/job.js'
import type { Io } from '../io.js'
import { reportWarning } from '../output/messages.js'
import { Opt } from '../options/option.js'

export function maxRateOption() {
  const what = 'limit the read rate per second, such as 50M (default: unlimited)'
  return new Option('--max-rate <size>', what).argParser(byteRate)
}

/** Declares the options of commands that hash files, in a group of their own. */
export function declareReadingOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Reading and cache:')
    .addOption(threadsOption())
    .addOption(maxRateOption())
    .addOption(noCacheOption())
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
}

/** Declares the options of commands that show torrents until interrupted. */
export function declareDisplayOptions<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
) {
  return command
    .optionsGroup('Display:')
    .option(
      '--display-interval <seconds>',
      'show the state this often (default: 1 on a terminal, else 60)',
      seconds,
    )
    .option('--json', 'print one line of JSON for each torrent, each time')
    .option('--quiet', 'print nothing unless something is wrong')
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
  return new Opt('-t, --threads <n>', 'read and hash with this many threads', { isForLegacy: true })
    .argParser((text) => {
      // mkbrr's -t is a tracker
      if (looksLikeUrl(text))
        throw new InvalidArgumentError('-t is --threads; give a tracker as an argument or with -a')
      return wholeNumber(1, 256)(text)
    })
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

/** Does work that hashes files, with the engine and the cache that its options choose. */
export async function withHashContext<T>(
  options: EngineOptions & CacheArguments,
  io: Io,
  work: (context: HashContext) => Promise<T>,
): Promise<T> {
  const engine = engineFor(options, io)
  const cacheAccess = await openCacheAccess(options, io)
  try {
    return await work({ engine, cacheAccess })
  } finally {
    await closeCache(cacheAccess, io)
  }
}
