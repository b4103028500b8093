import { Option, type Command, type OptionValues } from '@commander-js/extra-typings'
import { cacheDirOption, cacheTrustOption, noCacheOption } from './cache-options.js'
import { threadsOption } from './engine-options.js'
import { byteRate } from './values.js'

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
