import { basename, dirname, join, resolve } from 'node:path'
import { usageError } from '../../../base/errors.js'
import { declareDisplayOptions, declareCacheOptions } from '../../options/reading.js'
import { CLIENT, DATA_PREFIX, TRUST_DATA_PATH } from '../../options/clients.js'
import { declareOwnClientOptions, requirePorts } from '../../options/own-client.js'
import { namesClient } from '../../open/own-client.js'
import { requireDirectory, requireNames } from '../../line/operands.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { Command } from '../../acting-command.js'
import { secondsOr, wholeNumber } from '../../options/values.js'
import { DIRECTORY } from '../../options/option.js'
import { reportNote } from '../../output/messages.js'

const EXAMPLES = `
Examples:
  btkit launchmany /srv/torrents
  btkit launchmany --client scgi+unix:///run/rtorrent.sock /srv/torrents`

export const command: CommandRecord = {
  group: 'Other names',
  order: 20,
  summary: 'Seed all torrents below directories',
  example: '/srv/torrents',
  hasLongEnd: true,
  basics: 'client data-prefix minport maxport ip max-upload-rate json quiet',
  define: defineLaunchmany,
}

function defineLaunchmany({ io, finish, isLegacy }: CommandContext) {
  return declareLaunchOptions()
    .description('Keep all torrents below directories seeding, until interrupted.')
    .addHelpText('after', EXAMPLES)
    .action(async (names, given) => {
      const saveas = given.saveas && { saveas: resolve(io.cwd, given.saveas) }
      const options = { ...given, ...saveas, isLegacy }
      requireNames(names, 'directory')
      const places = names.map((name) => requireDirectory(resolve(io.cwd, name), name))
      if (namesClient(options.client, io)) {
        const { seedInClients } = await import('../../seeding/in-clients.js')
        finish(await seedInClients({ options, keeping: keepingOf(places, options, true) }, io))
      } else await launchAlone(places, options, io)
    })
}

/** Seeds without a client. */
async function launchAlone(places: readonly string[], options: LaunchOptions, io: Io) {
  if (!options.checkHashes) {
    const why = 'btkit sends checked data only'
    if (!options.isLegacy) throw usageError(`--no-check-hashes: needs --client; ${why}`)
    reportNote(`ignored: --check-hashes 0 (${why})`, io)
  }
  const { minport, maxport, maxUploadRate, ip = null, bind = null } = options
  requirePorts(options)
  const serving = {
    host: bind,
    port: minport,
    lastPort: maxport,
    announcedAddress: ip,
    maxUpload: maxUploadRate || null,
    dht: false,
    localDiscovery: false,
  }
  const { seed } = await import('../../seeding/own-seed.js')
  await seed({ options, keeping: keepingOf(places, options, false), serving }, io)
}

/**
 * The torrents to seed. Their data is beside them or in the directory of `--saveas`, or in a directory there
 * that is named like the torrent.
 */
function keepingOf(
  places: readonly string[],
  { saveasStyle, saveas }: LaunchOptions,
  isInClient: boolean,
) {
  const isBeside = saveasStyle !== 3
  // A client finds content by its name only
  const byName = isBeside || isInClient ? true : undefined
  const directoryOf = (torrent: string) => {
    const directory = saveas ?? dirname(torrent)
    return isBeside ? directory : join(directory, basename(torrent, '.torrent'))
  }
  const placesOf = (torrent: string) => [{ path: directoryOf(torrent), byName }]
  const reportsNone = isInClient ? 'no' : isBeside && !saveas ? 'beside' : 'yes'
  return { places, placesOf, search: [], reportsNone } as const
}

/** The options of `launchmany`. Each is validated when it is parsed. */
function declareLaunchOptions() {
  const seeding = new Command('launchmany', { takes: 'directory' })
    .argument('<directory...>', 'directories of torrents, at any depth')
    .optionsGroup('Seeding:')
    .opt(
      '--saveas-style <n>',
      'find the data beside the torrent (1, 2) or in a directory of its name (3)',
      { parse: wholeNumber(1, 3), default: 2 },
    )
    .opt('--saveas <directory>', 'find the data here', { ...DIRECTORY, isHidden: true })
    .opt('--no-check-hashes', 'check only sizes; hash nothing')
    .opt('--parse-dir-interval <seconds>', 'look at the directories this often', secondsOr(10))
    .optionsGroup('The client:')
    .opt(...CLIENT)
    .opt(...DATA_PREFIX)
    .opt(...TRUST_DATA_PATH)
  const command = declareDisplayOptions(declareCacheOptions(declareOwnClientOptions(seeding)))
  return command
}

type LaunchOptions = ReturnType<ReturnType<typeof declareLaunchOptions>['opts']> & {
  readonly isLegacy: boolean
}
