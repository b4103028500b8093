import { clients, dataPrefixOption, trustDataPathOption } from '../../options/clients.js'
import * as read from '../../options/values.js'
import { declareTorrentOptions } from '../../options/torrent.js'
import { publicUrl } from '../../options/server.js'
import { DIRECTORY, FILE, Opt } from '../../options/option.js'
import { cacheMaxSizeOption, stateDirOption } from '../../options/reading.js'

const EXAMPLES = `
Examples:
  btkit completedir http://tracker.example/announce /srv/files
  btkit completedir http://t.example/announce /srv/files --output /srv/t --prune`

export function declareCompletedir(isLegacy: boolean) {
  return declareTorrentOptions('completedir', isLegacy)
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
    .addOption(cacheMaxSizeOption('limit the size of the cache (default: unlimited)'))
    .optionsGroup('Output:')
    .option('--json', 'print the report as a JSON object', false)
    .optionsGroup('Target:')
    .addOption(
      new Opt(
        '-o, --output <directory>',
        'write the torrents to this directory (default: beside the entries)',
        DIRECTORY,
      ),
    )
    .option(
      '--recursive',
      'make a torrent for each file of the whole tree; --output gets the same tree',
      false,
    )
    .option('--owner <user:group>', 'give the torrents to this owner (root only)')
    .option(
      '--wait <seconds>',
      'wait this long for another run on the target',
      read.wholeSeconds(0, 1e9),
      0,
    )
    .addOption(stateDirOption('keep the state in this directory'))
    .optionsGroup('Replace and remove:')
    .addOption(
      new Opt('--adopt', 'adopt torrents of other programs that match their content', {
        excludes: ['force'],
      }).default(false),
    )
    .option('--remake', 'make torrents again if these options would change their info', false)
    .option('--force', 'replace foreign and edited torrents, too', false)
    .addOption(
      new Opt('--prune', "remove btkit's torrents whose source is gone", {
        replaces: ['pruneAll'],
      }).default(false),
    )
    .option('--prune-all', 'remove torrents of empty and missing directories, too', false)
    .optionsGroup('After the run:')
    .addOption(
      new Opt('--publish <url>', 'make this client seed the torrents (repeatable)', {
        isSecret: true,
      })
        .argParser(clients)
        .default([]),
    )
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .option(
      '--on-change <command>',
      'run this command after changes, with the JSON report as its input',
      read.commandLine,
    )
    .addOption(
      new Opt(
        '--metrics-file <file>',
        "write metrics of the run to this file, for node_exporter's textfile collector",
        FILE,
      ),
    )
    .addOption(
      new Opt('--feed <file>', 'write an RSS feed of the newest torrents to this file', {
        ...FILE,
        needs: [{ oneOf: ['feed-url'], why: 'the URL of the directory of the torrents' }],
      }),
    )
    .addOption(
      new Opt(
        '--feed-url <url>',
        'name the URL of the directory of the torrents, for the links of --feed',
        { needs: [{ oneOf: ['feed'], why: 'the file to write' }] },
      ).argParser(publicUrl),
    )
    .addHelpText('after', EXAMPLES)
}

export type CompletedirOptions = ReturnType<ReturnType<typeof declareCompletedir>['opts']>
