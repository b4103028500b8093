import { Command } from '@commander-js/extra-typings'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'

/** Begins a command that edits a torrent, with the options that all of them have. */
export function declareEdit(name: string) {
  return new Command(name)
    .option('--output-dir <directory>', 'write the results there, and keep the torrents')
    .option('--force', 'replace even files that are no torrents, with --output-dir', false)
    .option('--dry-run', 'show what would change, and write nothing', false)
    .option('--json', 'print a JSON object a line for each torrent', false)
    .option('--quiet', 'print nothing but errors', false)
    .addOption(maxTorrentSize())
}

/** Begins a command that edits any number of torrents. */
export function declareBulkEdit(name: string) {
  return declareEdit(name).option(
    '--files-from <list>',
    'edit also the torrents that a list names, one a line or with NULs; - reads standard input',
  )
}

/** The options of declareEdit, and the one that declareBulkEdit adds. */
export interface EditOptions {
  readonly outputDir?: string | undefined
  readonly force: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly maxTorrentSize: number
  readonly filesFrom?: string | undefined
}
