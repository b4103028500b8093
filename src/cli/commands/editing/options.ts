import { Command } from '@commander-js/extra-typings'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'

/** Declares a command that edits a torrent, with the common options. */
export function declareEdit(name: string) {
  return new Command(name)
    .option('-o, --output <path>', 'write to this directory or file, and keep the originals')
    .option('--force', 'replace files of --output even if they are not torrents', false)
    .option('--dry-run', 'show what would change, and write nothing', false)
    .option('--json', 'print one line of JSON for each torrent', false)
    .option('--quiet', 'print nothing but errors', false)
    .addOption(maxTorrentSize())
}

/** Declares a command that edits any number of torrents. */
export function declareBulkEdit(name: string) {
  return declareEdit(name).option(
    '--files-from <list>',
    'edit also the torrents in a list, one a line or with NULs; - reads standard input',
  )
}

/** The options of declareEdit and declareBulkEdit. */
export interface EditOptions {
  readonly output?: string | undefined
  readonly force: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly maxTorrentSize: number
  readonly filesFrom?: string | undefined
}
