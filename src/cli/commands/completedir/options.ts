import {
  clients,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/open-clients.js'
import type { InfoRule } from '../../../core/complete/info-rules.js'
import * as read from '../../arguments/values.js'
import { declareTorrentOptions } from '../../arguments/torrent-options.js'

const EXAMPLES = `
Examples:
  btkit completedir http://tracker.example/announce /srv/files
  btkit completedir http://t.example/announce /srv/files --output /srv/t --prune`

export function declareCompletedir() {
  return declareTorrentOptions('completedir', { value: 'auto', text: 'auto' })
    .description('Make or update the torrents of all entries of directories.')
    .argument('<tracker-or-directory...>', 'the tracker or a list, if any, and directories')
    .optionsGroup('Files:')
    .option(
      '--min-age <seconds>',
      'skip entries in which anything changed less than this long ago',
      read.wholeSeconds(0, 1e9),
      0,
    )
    .optionsGroup('Reading and cache:')
    .option(
      '--cache-max-size <size>',
      'limit the size of the cache (default: unlimited)',
      read.byteSize,
    )
    .optionsGroup('Output:')
    .option('--json', 'print the report as a JSON object', false)
    .optionsGroup('Target:')
    .option(
      '-o, --output <directory>',
      'write the torrents to this directory (default: beside the entries)',
    )
    .option('--owner <user:group>', 'give the torrents to this owner (root only)')
    .option(
      '--wait <seconds>',
      'wait this long for another run on the target',
      read.wholeSeconds(0, 1e9),
      0,
    )
    .option('--state-dir <path>', 'keep the state in this directory')
    .optionsGroup('Replace and remove:')
    .option('--adopt', 'adopt torrents of other programs that match their content', false)
    .option('--remake', 'make torrents again if these options would change their info', false)
    .option('--force', 'replace foreign and edited torrents, too', false)
    .option('--prune', "remove btkit's torrents whose source is gone", false)
    .option('--prune-all', 'remove torrents of empty and missing directories, too', false)
    .optionsGroup('After the run:')
    .option('--publish <url>', 'make this client seed the torrents (repeatable)', clients, [])
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .addOption(clientTimeoutOption())
    .option(
      '--on-change <command>',
      'run this command after changes, with the JSON report as its input',
      read.commandLine,
    )
    .option(
      '--metrics-file <file>',
      "write metrics of the run to this file, for node_exporter's textfile collector",
    )
    .addHelpText('after', EXAMPLES)
}

export type CompleteOptions = ReturnType<ReturnType<typeof declareCompletedir>['opts']>

/** The rules of `info` that options decide, by commander's option names. */
const RULES: Partial<Record<keyof CompleteOptions, InfoRule>> = {
  pieceSizePow2: 'piece length',
  pieceLength: 'piece length',
  targetPieces: 'piece length',
  maxTorrentSize: 'piece length',
  maxPieceSize: 'piece length',
  minPieceSize: 'piece length',
  v2: 'version',
  hybrid: 'version',
  private: 'private flag',
  source: 'source tag',
  padFiles: 'pad files',
  sortBy: 'file order',
  attributes: 'file attributes',
  storeSymlinks: 'file attributes',
  set: 'further keys',
  updateUrl: 'further keys',
}

/** The rules of `info` that are set on the command line. */
export function askedRules(command: {
  getOptionValueSource: (name: keyof CompleteOptions) => string | undefined
}): InfoRule[] {
  const typed = Object.entries(RULES).filter(([name]) => {
    return command.getOptionValueSource(name as keyof CompleteOptions) === 'cli'
  })
  return [...new Set(typed.map(([, rule]) => rule))]
}
