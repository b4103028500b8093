import type { HashContext } from '../../../core/digests/hash-content.js'
import type { Report } from '../../output/report.js'
import { resolve } from 'node:path'
import { Command } from '../../acting-command.js'
import { CLIENT, DATA_PREFIX } from '../../options/clients.js'
import { declareCacheOptions } from '../../options/reading.js'
import { CA_CERT, declareOwnClientOptions, MAX_DOWNLOAD_RATE } from '../../options/own-client.js'
import { ratio, seconds } from '../../options/values.js'
import type { Io } from '../../io.js'

/** The options of `download`. Each is validated when it is parsed. */
export function declareDownloadOptions() {
  const downloading = new Command('download', { takes: 'torrent' })
    .argument('[torrent]', 'a torrent, its URL, or a magnet link')
    .optionsGroup('Destination:')
    .opt(
      '-o, --output <path>',
      'save the content as this file or directory; in DIR/, or a directory that exists, under its name (default: here)',
      { takes: 'file', isOwn: true },
    )
    .opt('--no-check-hashes', 'trust files of the right size without reading them')
    .opt('--force', 'overwrite files that do not belong to this torrent')
    .optionsGroup('Afterwards:')
    .opt('--seed-ratio <n>', 'seed until n times the content was sent', { parse: ratio })
    .opt('--seed-time <seconds>', 'seed for this long; 0: not at all', {
      parse: (text) => {
        return text === '0' ? 0 : seconds(text)
      },
    })
    .opt('--seed', 'seed until interrupted')
    .optionsGroup('The client:')
    .opt(...CLIENT)
    .opt(...DATA_PREFIX)
  const seeding = declareOwnClientOptions(downloading)
    .opt(...MAX_DOWNLOAD_RATE)
    .opt(...CA_CERT)
  const command = declareCacheOptions(seeding)
    .optionsGroup('Display:')
    .opt('--json', 'print one line of JSON at each report')
    .opt('-q, --quiet', 'print nothing unless something is wrong')
    .opt('--responsefile <torrent>', '', { isHidden: true })
    .opt('--url <url>', '', { isHidden: true })
  return command
}

/** The place that `--output` names: the path of the content, or the directory for it. */
export function placeOf({ output = './' }: DownloadOptions, { cwd }: Pick<Io, 'cwd'>) {
  const path = resolve(cwd, output)
  return { saveAs: output.endsWith('/') ? null : path, saveTo: path }
}

export type DownloadOptions = ReturnType<ReturnType<typeof declareDownloadOptions>['opts']>

/** One run of the command. */
export interface DownloadRun {
  readonly source: string
  /** Whether a client that is already running does the work; it may know more peers. */
  readonly isNamed: boolean
  /** Whether a terminal shows a table instead of a bar. */
  readonly isTable: boolean
  readonly options: DownloadOptions
  readonly hashContext: HashContext
  readonly out: Report
  readonly io: Io
}
