import { Command, Option } from '@commander-js/extra-typings'
import { closeCache, openCacheAccess } from '../../arguments/cache-options.js'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/client-options.js'
import { openClients } from '../../arguments/open-clients.js'
import { engineFor } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { declareReadingOptions } from '../../arguments/reading-options.js'
import { seconds } from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import { runPublish } from './run-publish.js'

const EXAMPLES = `
Examples:
  btkit publish --client scgi+unix:///run/rtorrent.sock image.iso.torrent
  btkit publish --client transmission+http://host --data /srv/files *.torrent`

/** Defines the command `publish`. */
export function definePublish({ io, finish }: CommandContext) {
  const command = new Command('publish')
    .description('Have a client seed torrents whose data is complete, without hashing it again.')
    .argument('<torrent...>', 'torrents')
    .optionsGroup('Client:')
    .addOption(clientOption())
    .addOption(clientTimeoutOption())
    .addOption(
      new Option('--wait <seconds>', 'wait this long while a client checks the data')
        .argParser(seconds)
        .default(60_000, '60'),
    )
    .optionsGroup('Data:')
    .option(
      '--data <directory>',
      'find the content in this directory (default: beside each torrent)',
    )
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .option('--no-check-hashes', 'check only sizes; hash nothing')
    .option('--follow-symlinks', 'follow links that lead outside, too', false)
  return declareReadingOptions(command)
    .optionsGroup('Report:')
    .option('--dry-run', 'show what would be published; hash nothing, and change no client', false)
    .option('--json', 'print one line of JSON for each torrent and client')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .addHelpText('after', EXAMPLES)
    .action(async (torrents, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      io.plan?.({ inputs: torrents })
      const engine = engineFor(options, io)
      const cacheAccess = await openCacheAccess(options, io)
      try {
        const hashContext = { engine, cacheAccess }
        finish(await runPublish({ torrents, clients, options, hashContext, io }))
      } finally {
        await closeCache(cacheAccess, io)
      }
    })
}
