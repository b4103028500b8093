import { Command, Option } from '@commander-js/extra-typings'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/client-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { declareOwnClientOptions } from '../../arguments/own-client-options.js'
import { declareReadingOptions } from '../../arguments/reading-options.js'
import { seconds, wholeNumber } from '../../arguments/values.js'
import { takeOldOptions } from '../../arguments/without-meaning.js'

/** The options of `launchmany`. Each is validated when it is parsed. */
export function declareLaunchOptions() {
  const seeding = new Command('launchmany')
    .argument('<directory...>', 'directories of torrents, at any depth')
    .optionsGroup('Seeding:')
    .option(
      '--saveas-style <n>',
      'find the data beside the torrent (1, 2), or in a directory named as the torrent (3)',
      wholeNumber(1, 3),
      2,
    )
    .option('--no-check-hashes', 'check only sizes; hash nothing')
    .addOption(
      new Option('--parse-dir-interval <seconds>', 'look at the directories this often')
        .argParser(seconds)
        .default(10_000, '10'),
    )
    .addOption(maxTorrentSize())
    .optionsGroup('The client:')
    .addOption(clientOption())
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .addOption(clientTimeoutOption())
  const command = declareReadingOptions(declareOwnClientOptions(seeding))
    .optionsGroup('Display:')
    .option(
      '--display-interval <seconds>',
      'show the state this often (default: 1 on a terminal, else 60)',
      seconds,
    )
    .option('--json', 'print one line of JSON for each torrent, each time')
    .option('--quiet', 'print nothing unless something is wrong')
  takeOldOptions(command)
  command.addOption(new Option('--responsefile <value>').hideHelp())
  return command
}

export type LaunchOptions = ReturnType<ReturnType<typeof declareLaunchOptions>['opts']>
