import {
  type Command,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from '@commander-js/extra-typings'
import { looksLikeUrl } from '../../metainfo/trackers.js'
import { byteRate, byteSize, wholeNumber } from './values.js'
import { availableParallelism } from 'node:os'
import { DIRECTORY, HOW, type Need, Opt, type Traits } from './option.js'

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
    .option('--json', 'print one line of JSON for each torrent, each time')
    .option('-q, --quiet', 'print nothing unless something is wrong')
}

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

/** The option that names the directory of the content of torrents. */
export function dataOption() {
  const what = 'find the content in this directory (default: beside each torrent)'
  return new Opt('--data <directory>', what, DIRECTORY)
}

export function cacheDirOption() {
  return new Opt('--cache-dir <path>', 'use the piece cache in this directory', {
    takes: 'directory',
    variable: 'BTKIT_CACHE_DIR',
    isForLegacy: true,
  })
}

export function noCacheOption() {
  return new Opt('--no-cache', 'work without the piece cache', { isForLegacy: true })
}

/** The option `--cache-trust`: which parts of a file's fingerprint must match. */
export function cacheTrustOption() {
  return new Opt('--cache-trust <what>', 'choose how an unchanged file is recognized', {
    isForLegacy: true,
    needsDisk: HOW,
  })
    .choices(['full', 'mtime'] as const)
    .default('full' as const, 'full')
}

export function cacheMaxSizeOption(description: string, traits: Traits = {}) {
  const own = { isForLegacy: true, ...traits }
  return new Opt('--cache-max-size <size>', description, own).argParser(byteSize)
}

export function stateDirOption(description: string, needs: readonly Need[] = []) {
  return new Opt('--state-dir <path>', description, {
    takes: 'directory',
    variable: 'BTKIT_STATE_DIR',
    isForLegacy: true,
    needs,
  })
}
