import {
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/client-options.js'
import type { InfoRule } from '../../../core/complete/info-rules.js'
import * as read from '../../arguments/values.js'
import { declareTorrentOptions } from '../../arguments/torrent-options.js'

const EXAMPLES = `
Examples:
  btkit completedir http://tracker.example/announce /srv/files
  btkit completedir http://t.example/announce /srv/files --target /srv/t --prune`

/** The command line of completedir. */
export function declareCompletedir() {
  return declareTorrentOptions('completedir', { value: 'auto', text: 'auto' })
    .description('Make or update the torrents of all entries of directories.')
    .argument('<tracker-or-directory...>', 'the URL of the tracker, if any, and directories')
    .option('--target <directory>', 'where the torrents go, instead of beside the entries')
    .option('--prune', "remove btkit's torrents whose source is gone", false)
    .option('--prune-all', 'the same, also where a directory is empty or missing', false)
    .option('--adopt', 'take over torrents of others whose content fits, as they are', false)
    .option('--remake', 'make torrents again whose info these options would change', false)
    .option('--force', 'replace torrents of others and edited ones as well', false)
    .option(
      '--min-age <seconds>',
      'leave entries alone that changed more lately',
      read.wholeSeconds(0, 1e9),
      0,
    )
    .option('--wait <seconds>', 'wait for another run on the target', read.wholeSeconds(0, 1e9), 0)
    .option('--state-dir <path>', 'where it is kept which torrents btkit wrote')
    .option('--cache-max-size <size>', 'how large the cache may become', read.byteSize)
    .option('--owner <user:group>', 'owner of the torrents, when run by root')
    .option('--publish <url>', 'have this client seed the torrents; repeatable', read.collect, [])
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .addOption(clientTimeoutOption())
    .option('--on-change <command>', 'run it with the JSON report on changes', read.commandLine)
    .option('--json', 'print the report as a JSON object', false)
    .addHelpText('after', EXAMPLES)
}

export type CompleteOptions = ReturnType<ReturnType<typeof declareCompletedir>['opts']>

/** The rules of `info` that options decide, by the names that commander gives them. */
const RULES: Partial<Record<keyof CompleteOptions, InfoRule>> = {
  pieceSizePow2: 'piece length',
  pieceLength: 'piece length',
  targetPieces: 'piece length',
  maxTorrentSize: 'piece length',
  maxPieceSize: 'piece length',
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

/** The rules of `info` that somebody asked for on the command line. */
export function askedRules(command: {
  getOptionValueSource: (name: keyof CompleteOptions) => string | undefined
}): InfoRule[] {
  const typed = Object.entries(RULES).filter(([name]) => {
    return command.getOptionValueSource(name as keyof CompleteOptions) === 'cli'
  })
  return [...new Set(typed.map(([, rule]) => rule))]
}
