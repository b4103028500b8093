import { resolve } from 'node:path'
import { hasHybrids } from '../../../core/launch/find-torrents.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { engineFor } from '../../arguments/engine-options.js'
import { openClients } from '../../arguments/open-clients.js'
import { namesClient, withOwnClient } from '../../arguments/own-client.js'
import { requireNames } from '../../arguments/operands.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { openDisplay } from '../../output/torrent-display.js'
import { declareLaunchOptions, type LaunchOptions } from './options.js'
import { keepSeeding, letGo, type LaunchRun } from './keep-seeding.js'

const EXAMPLES = `
Examples:
  btkit launchmany /srv/torrents
  btkit launchmany --client scgi+unix:///run/rtorrent.sock /srv/torrents`

/** Defines the command `launchmany`. */
export function defineLaunchmany({ io, finish }: CommandContext) {
  return declareLaunchOptions()
    .description('Keep all torrents below directories seeding, until interrupted.')
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      requireNames(names, 'directory')
      const directories = names.map((name) => findDirectory(name, io))
      if (namesClient(options.client, io)) finish(await launchInNamed(directories, options, io))
      else await launchInOwn(directories, options, io)
    })
}

function findDirectory(name: string, { cwd }: Io): string {
  const directory = resolve(cwd, name)
  const stats = statIfThere(directory)
  if (stats?.isDirectory()) return directory
  throw new BtkitError('not-found', `${name}: ${stats ? 'not a directory' : 'no such directory'}`)
}

async function launchInNamed(directories: readonly string[], options: LaunchOptions, io: Io) {
  const clients = openClients(options.client, options.clientTimeout, io)
  return launch({ directories, clients, options, io }, async (run) => {
    return letGo(await keepSeeding(run), run)
  })
}

async function launchInOwn(directories: readonly string[], options: LaunchOptions, io: Io) {
  try {
    const opensHybrids = hasHybrids(directories, options.maxTorrentSize)
    await withOwnClient({ ...options, opensHybrids }, io, async ({ named, io: ownIo }) => {
      await launch({ directories, clients: [named], options, io: ownIo }, keepSeeding)
    })
  } catch (error) {
    // An interruption is the normal end
    if (!io.signal.aborted) throw error
  }
}

type Launch = Omit<LaunchRun, 'hashContext' | 'display'>

async function launch<T>(run: Launch, act: (run: LaunchRun) => Promise<T>): Promise<T> {
  const { options, io } = run
  const cacheAccess = await openCacheAccess(options, io)
  try {
    // A progress bar would disturb the table
    const engine = engineFor({ ...options, quiet: true }, io)
    const display = openDisplay(options, io)
    return await act({ ...run, hashContext: { engine, cacheAccess }, display })
  } finally {
    await cacheAccess.cache.close()
  }
}
