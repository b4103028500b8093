import { dirname, resolve } from 'node:path'
import { BtkitError, usageError } from '../../../errors.js'
import {
  declareDisplayOptions,
  declareReadingOptions,
  maxTorrentSize,
} from '../../options/reading.js'
import { withHashContext } from '../../open/engine.js'
import {
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../options/clients.js'
import { openClients, syncClient, type NamedClient } from '../../open/clients.js'
import { declareOwnClientOptions, requirePorts } from '../../options/own-client.js'
import { namesClient } from '../../open/own-client.js'
import { requireDirectory, requireNames } from '../../line/operands.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { followTorrents, openDisplay, type Display } from '../../output/torrent-display.js'
import type { ListedTorrent } from '../../output/torrent-json.js'
import { seed } from '../../open/seeding.js'
import { Command, Option } from '@commander-js/extra-typings'
import { secondsOption, wholeNumber } from '../../options/values.js'
import { takeOldOptions } from '../../options/bittornado.js'
import { type KeeperSettings, TorrentKeeper } from '../../../core/launch/torrent-keeper.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { waitingFor } from '../../../core/publish/wait-for.js'

const EXAMPLES = `
Examples:
  btkit launchmany /srv/torrents
  btkit launchmany --client scgi+unix:///run/rtorrent.sock /srv/torrents`

export const command: CommandRecord = {
  group: 'Seed and download',
  order: 50,
  summary: 'Seed all torrents below directories',
  example: '/srv/torrents',
  define: defineLaunchmany,
}

function defineLaunchmany({ io, finish, isLegacy }: CommandContext) {
  return declareLaunchOptions()
    .description('Keep all torrents below directories seeding, until interrupted.')
    .addHelpText('after', EXAMPLES)
    .action(async (names, given) => {
      const options = { ...given, isLegacy }
      requireNames(names, 'directory')
      const directories = names.map((name) => requireDirectory(resolve(io.cwd, name), name))
      if (namesClient(options.client, io)) finish(await launchInClients(directories, options, io))
      else await launchAlone(directories, options, io)
    })
}

/** Seeds without a client. */
function launchAlone(directories: readonly string[], options: LaunchOptions, io: Io) {
  if (!options.checkHashes) {
    throw usageError('--no-check-hashes: needs --client; btkit sends checked data only')
  }
  const { minport, maxport, maxUploadRate, saveasStyle, ip = null, bind = null } = options
  requirePorts(options)
  const isBeside = saveasStyle !== 3
  return seed(
    {
      options,
      keeping: {
        places: directories,
        placesOf: (torrent) => [
          isBeside
            ? { path: dirname(torrent), byName: true }
            : { path: torrent.slice(0, -'.torrent'.length) },
        ],
        search: [],
        reportsNone: isBeside ? 'beside' : 'yes',
      },
      serving: {
        host: bind,
        port: minport,
        lastPort: maxport,
        announcedAddress: ip,
        maxUpload: maxUploadRate || null,
        dht: false,
        dhtNodes: null,
        localDiscovery: false,
      },
    },
    io,
  )
}

function launchInClients(directories: readonly string[], options: LaunchOptions, io: Io) {
  const clients = openClients(options.client, options.clientTimeout, io)
  // A progress bar would disturb the table
  return withHashContext({ ...options, quiet: true }, io, async (hashContext) => {
    const display = openDisplay(options, io)
    const run = { directories, clients, options, hashContext, display, io }
    return letGo(await keepSeeding(run), run)
  })
}

/** The options of `launchmany`. Each is validated when it is parsed. */
function declareLaunchOptions() {
  const seeding = new Command('launchmany')
    .argument('<directory...>', 'directories of torrents, at any depth')
    .optionsGroup('Seeding:')
    .option(
      '--saveas-style <n>',
      'find the data beside the torrent (1, 2) or in a directory of its name (3)',
      wholeNumber(1, 3),
      2,
    )
    .option('--no-check-hashes', 'check only sizes; hash nothing')
    .addOption(
      secondsOption('--parse-dir-interval <seconds>', 'look at the directories this often', 10),
    )
    .addOption(maxTorrentSize())
    .optionsGroup('The client:')
    .addOption(clientOption())
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .addOption(clientTimeoutOption())
  const command = declareDisplayOptions(declareReadingOptions(declareOwnClientOptions(seeding)))
  takeOldOptions(command)
  command.addOption(new Option('--responsefile <value>').hideHelp())
  return command
}

type LaunchOptions = ReturnType<ReturnType<typeof declareLaunchOptions>['opts']> & {
  readonly isLegacy: boolean
}

/** Milliseconds that a client may take to check data before the next one's turn. */
const WAIT_MS = 60_000

/** Milliseconds that a client may take to remove torrents at the end. */
const LAST_CALL_MS = 10_000

/** The directories to seed and the clients that seed them. */
interface LaunchRun {
  /** Absolute paths. */
  readonly directories: readonly string[]
  readonly clients: readonly NamedClient[]
  readonly options: LaunchOptions
  readonly hashContext: HashContext
  readonly display: Display
  readonly io: Io
}

/** A client with the keeper of its torrents. */
interface Keeping {
  readonly keeper: TorrentKeeper
  readonly named: NamedClient
}

/** Keeps clients seeding until a signal stops the command. */
async function keepSeeding(run: LaunchRun): Promise<TorrentKeeper[]> {
  const { clients, options, display, io } = run
  const keepings = clients.map((named) => ({ keeper: createKeeper(named, run), named }))
  const failed = new Set<string>()
  await followTorrents(display, {
    interval: options.parseDirInterval,
    signal: io.signal,
    update: () => update(keepings, failed, display),
    list: () => list(keepings),
  })
  return keepings.map(({ keeper }) => keeper)
}

/** Removes the added torrents from named clients. Returns the exit status. */
async function letGo(
  keepers: readonly TorrentKeeper[],
  { options, display, io }: LaunchRun,
): Promise<number> {
  let status = 0
  const ending = new AbortController()
  const timer = global.setTimeout(() => {
    ending.abort()
  }, LAST_CALL_MS)
  const last = { ...io, signal: ending.signal }
  const clients = openClients(options.client, Math.min(LAST_CALL_MS, options.clientTimeout), last)
  try {
    for (const [i, { client }] of clients.entries()) {
      await keepers[i]?.withdrawAll(client).catch((error: unknown) => {
        if (!(error instanceof BtkitError)) throw error
        display.report.fail(error)
        status = 1
      })
    }
  } finally {
    clearTimeout(timer)
  }
  return status
}

function createKeeper(named: NamedClient, run: LaunchRun): TorrentKeeper {
  const { directories, options, hashContext, display, io } = run
  const settings: KeeperSettings = {
    directories,
    inOwnDirectory: options.saveasStyle === 3,
    checkHashes: options.checkHashes,
    maxTorrentSize: options.maxTorrentSize,
    hashContext,
    onChange: (change, torrent) => {
      display.report.note(`${change} ${torrent}`)
    },
    onProblem: display.report.fail,
  }
  return new TorrentKeeper(syncClient(named, options, waitingFor(WAIT_MS, io)), settings)
}

/**
 * Updates all clients. An unreachable client is reported once and tried again at the next update.
 */
async function update(keepings: readonly Keeping[], failed: Set<string>, display: Display) {
  for (const { keeper, named } of keepings) {
    const { label } = named.client
    try {
      await keeper.update()
      failed.delete(label)
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      if (!failed.has(label)) display.report.fail(error)
      failed.add(label)
    }
  }
}

async function list(keepings: readonly Keeping[]): Promise<ListedTorrent[]> {
  const lists = keepings.map(async ({ keeper, named }) => {
    try {
      const { client } = named
      const own = keeper.ownOf(await client.list())
      return own.map((torrent) => ({ client: client.label, ...torrent }))
    } catch (error) {
      // The next update reports why
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      return []
    }
  })
  return (await Promise.all(lists)).flat()
}
