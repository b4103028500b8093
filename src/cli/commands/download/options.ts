import { resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import { Command } from '../../acting-command.js'
import { clientOption, dataPrefixOption } from '../../options/clients.js'
import { declareReadingOptions } from '../../options/reading.js'
import {
  caCertOption,
  declareOwnClientOptions,
  maxDownloadRateOption,
} from '../../options/own-client.js'
import { ratio, seconds } from '../../options/values.js'
import type { Io } from '../../io.js'
import { Opt } from '../../options/option.js'

/** The options of `download`. Each is validated when it is parsed. */
export function declareDownloadOptions() {
  const downloading = new Command('download', { takes: 'torrent' })
    .argument('[torrent]', 'a torrent, its URL, or a magnet link')
    .optionsGroup('Destination:')
    .addOption(
      new Opt(
        '-o, --output <path>',
        'save the content as this file or directory; in DIR/, or a directory that exists, under its name (default: here)',
        { takes: 'file', isOwn: true },
      ),
    )
    .option('--no-check-hashes', 'trust files of the right size without reading them')
    .option('--force', 'overwrite files that do not belong to this torrent')
    .optionsGroup('Afterwards:')
    .option('--seed-ratio <n>', 'seed until n times the content was sent', ratio)
    .option('--seed-time <seconds>', 'seed for this long; 0: not at all', (text) => {
      return text === '0' ? 0 : seconds(text)
    })
    .option('--seed', 'seed until interrupted')
    .optionsGroup('The client:')
    .addOption(clientOption())
    .addOption(dataPrefixOption())
  const seeding = declareOwnClientOptions(downloading)
    .addOption(maxDownloadRateOption())
    .addOption(caCertOption())
  const command = declareReadingOptions(seeding)
    .optionsGroup('Display:')
    .option('--json', 'print one line of JSON at each report')
    .option('-q, --quiet', 'print nothing unless something is wrong')
    .addOption(new Option('--responsefile <torrent>').hideHelp())
    .addOption(new Option('--url <url>').hideHelp())
  return command
}

/** The place that `--output` names: the path of the content, or the directory for it. */
export function placeOf({ output = './' }: DownloadOptions, { cwd }: Pick<Io, 'cwd'>) {
  const path = resolve(cwd, output)
  return { saveAs: output.endsWith('/') ? null : path, saveTo: path }
}

export type DownloadOptions = ReturnType<ReturnType<typeof declareDownloadOptions>['opts']>
