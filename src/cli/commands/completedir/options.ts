import { clients, DATA_PREFIX, TRUST_DATA_PATH } from '../../options/clients.js'
import * as read from '../../options/values.js'
import { declareTorrentOptions } from '../../options/torrent.js'
import { publicUrl } from '../../options/server.js'
import { DIRECTORY, FILE, OFF } from '../../options/option.js'
import { stateDirOption } from '../../options/reading.js'

const EXAMPLES = `
Examples:
  btkit completedir http://tracker.example/announce /srv/files
  btkit completedir http://t.example/announce /srv/files --output /srv/t --prune`

export function declareCompletedir(isLegacy: boolean) {
  return declareTorrentOptions('completedir', isLegacy)
    .description('Make or update the torrents of all entries of directories.')
    .argument('<tracker-or-directory...>', 'the tracker or a list, if any, and directories')
    .optionsGroup('Files:')
    .opt('--min-age <seconds>', 'skip entries in which anything changed less than this long ago', {
      parse: read.wholeSeconds(0, 1e9),
      default: 0,
    })
    .optionsGroup('Output:')
    .opt('--json', 'print the report as a JSON object', OFF)
    .optionsGroup('Target:')
    .opt(
      '-o, --output <directory>',
      'write the torrents to this directory (default: beside the entries)',
      DIRECTORY,
    )
    .opt(
      '--recursive',
      'make a torrent for each file of the whole tree; --output gets the same tree',
      OFF,
    )
    .opt('--wait <seconds>', 'wait this long for another run on the target', {
      parse: read.wholeSeconds(0, 1e9),
      default: 0,
    })
    .opt(...stateDirOption('keep the state in this directory'))
    .optionsGroup('Replace and remove:')
    .opt('--adopt', 'adopt torrents of other programs that match their content', {
      excludes: ['force'],
      default: false,
    })
    .opt('--remake', 'make torrents again if these options would change their info', OFF)
    .opt('--force', 'replace foreign and edited torrents, too', OFF)
    .opt('--prune', "remove btkit's torrents whose source is gone", {
      replaces: ['pruneAll'],
      default: false,
    })
    .opt('--prune-all', 'remove torrents of empty and missing directories, too', OFF)
    .optionsGroup('After the run:')
    .opt('--publish <url>', 'make this client seed the torrents (repeatable)', {
      isSecret: true,
      ...clients,
    })
    .opt(...DATA_PREFIX)
    .opt(...TRUST_DATA_PATH)
    .opt(
      '--on-change <command>',
      'run this command after changes, with the JSON report as its input',
      { parse: read.commandLine },
    )
    .opt(
      '--metrics-file <file>',
      "write metrics of the run to this file, for node_exporter's textfile collector",
      FILE,
    )
    .opt('--feed <file>', 'write an RSS feed of the newest torrents to this file', {
      ...FILE,
      needs: [{ oneOf: ['feed-url'], why: 'the URL of the directory of the torrents' }],
    })
    .opt(
      '--feed-url <url>',
      'name the URL of the directory of the torrents, for the links of --feed',
      { needs: [{ oneOf: ['feed'], why: 'the file to write' }], parse: publicUrl },
    )
    .addHelpText('after', EXAMPLES)
}

export type CompletedirOptions = ReturnType<ReturnType<typeof declareCompletedir>['opts']>
