import { Command, Option } from '@commander-js/extra-typings'
import { cacheDirOption, cacheTrustOption, noCacheOption } from '../../arguments/cache-options.js'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
} from '../../arguments/client-options.js'
import { threadsOption } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import {
  bindOption,
  caCertOption,
  ipOption,
  maxDownloadRateOption,
  maxportOption,
  maxUploadRateOption,
  minportOption,
} from '../../arguments/own-client-options.js'
import { byteRate, ratio, seconds, wholeNumber } from '../../arguments/values.js'
import { takeOldOptions } from '../../arguments/without-meaning.js'

const METADATA_TIMEOUT_MS = 300_000

/** The options of `download`, each checked as it is read. */
export function declareDownloadOptions() {
  const command = new Command('download')
    .argument('[torrent]', 'a torrent, its URL, or a magnet link')
    .optionsGroup('Where it goes:')
    .addOption(
      new Option(
        '--saveas <path>',
        'the name of the file, or of the directory of several',
      ).conflicts('saveTo'),
    )
    .option(
      '--save-to <directory>',
      "holds it under the torrent's name; created if missing (default: this one)",
    )
    .option(
      '--check-hashes <n>',
      '0: keep what has the right size unread; 1: read what is there already',
      wholeNumber(0, 1),
      1,
    )
    .option('--force', 'download over files that are not of this torrent')
    .addOption(maxTorrentSize())
    .addOption(
      new Option(
        '--metadata-timeout <seconds>',
        'how long peers may take to give the torrent of a magnet link',
      )
        .argParser(seconds)
        .default(METADATA_TIMEOUT_MS, '300'),
    )
    .option(
      '--stall-timeout <duration>',
      'end with status 1 if nothing comes for so long: 90, 10m, 2h (default: wait on)',
      seconds,
    )
    .optionsGroup('Afterwards:')
    .option('--seed-ratio <n>', 'seed until n bytes were sent for each byte of it', ratio)
    .option('--seed-time <seconds>', 'seed for so long', seconds)
    .option('--seed', 'seed until interrupted')
    .optionsGroup('The client:')
    .addOption(clientOption())
    .addOption(dataPrefixOption())
    .addOption(clientTimeoutOption())
    .optionsGroup('A client of its own, where none is named:')
    .addOption(minportOption())
    .addOption(maxportOption())
    .addOption(ipOption())
    .addOption(bindOption())
    .addOption(maxUploadRateOption())
    .addOption(maxDownloadRateOption())
    .addOption(caCertOption())
    .optionsGroup('Reading data:')
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', byteRate)
    .addOption(noCacheOption())
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
    .optionsGroup('What is shown:')
    .option(
      '--display-interval <seconds>',
      'between two lines where there is no terminal (default: 60)',
      seconds,
    )
    .option('--json', 'print a JSON object a line, each time')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(new Option('--responsefile <torrent>').hideHelp())
    .addOption(new Option('--url <url>').hideHelp())
  takeOldOptions(command)
  return command
}

export type DownloadOptions = ReturnType<ReturnType<typeof declareDownloadOptions>['opts']>

/** The options that only a client of its own is told. */
export const OWN_OPTIONS = [
  'minport',
  'maxport',
  'ip',
  'bind',
  'maxUploadRate',
  'maxDownloadRate',
  'caCert',
] as const
