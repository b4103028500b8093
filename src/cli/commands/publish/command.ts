import { Command, Option } from '@commander-js/extra-typings'
import {
  cacheDirOption,
  cacheTrustOption,
  noCacheOption,
  openCacheAccess,
} from '../../arguments/cache-options.js'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/client-options.js'
import { openClients } from '../../arguments/open-clients.js'
import { engineFor, threadsOption } from '../../arguments/engine-options.js'
import { maxTorrentSize } from '../../arguments/max-torrent-size.js'
import { byteRate, seconds, wholeNumber } from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import { runPublish } from './run.js'

/** The command `publish`. */
export function definePublish({ io, finish }: CommandContext) {
  return new Command('publish')
    .description('Have a client seed torrents whose data lies ready, without hashing it again.')
    .argument('<torrent...>', 'torrents')
    .addOption(clientOption())
    .option('--data <directory>', 'holds the content of each torrent (default: beside it)')
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .option(
      '--check-hashes <n>',
      '0: look at sizes alone; 1: read what the piece cache does not know',
      wholeNumber(0, 1),
      1,
    )
    .addOption(
      new Option('--wait <seconds>', 'how long a client may take to look at the data')
        .argParser(seconds)
        .default(60_000, '60'),
    )
    .addOption(clientTimeoutOption())
    .addOption(threadsOption())
    .option('--max-rate <size>', 'read no more bytes a second than that', byteRate)
    .addOption(noCacheOption())
    .addOption(cacheDirOption())
    .addOption(cacheTrustOption())
    .option('--json', 'print a JSON object a line for each torrent and client')
    .option('--quiet', 'print nothing unless something is wrong')
    .addOption(maxTorrentSize())
    .action(async (torrents, options) => {
      const clients = openClients(options.client, options.clientTimeout, io)
      const engine = engineFor(options, io)
      const cacheAccess = await openCacheAccess(options, io)
      try {
        const hashContext = { engine, cacheAccess }
        finish(await runPublish({ torrents, clients, options, hashContext, io }))
      } finally {
        await cacheAccess.cache.close()
      }
    })
}
