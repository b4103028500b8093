import { resolve } from 'node:path'
import { hasHybrids } from '../../../core/launch/find-torrents.js'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { engineFor, declareReadingOptions } from '../../arguments/reading-options.js'
import {
  openClients,
  syncClient,
  type NamedClient,
  clientOption,
  clientTimeoutOption,
  dataPrefixOption,
  trustDataPathOption,
} from '../../arguments/open-clients.js'
import { namesClient, withOwnClient, declareOwnClientOptions } from '../../arguments/own-client.js'
import { requireNames } from '../../arguments/operands.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { openDisplay, type Display } from '../../output/torrent-display.js'
import { Command, Option } from '@commander-js/extra-typings'
import { maxTorrentSize } from '../../arguments/torrent-input.js'
import { seconds, wholeNumber } from '../../arguments/values.js'
import { takeOldOptions } from '../../arguments/without-meaning.js'
import { setTimeout } from 'node:timers/promises'
import { type KeeperSettings, TorrentKeeper } from '../../../core/launch/torrent-keeper.js'
import type { HashContext } from '../../../core/digests/hash-content.js'
import { waitingFor } from '../../../core/publish/wait-for.js'

const EXAMPLES = `
Examples:
  btkit launchmany /srv/torrents
  btkit launchmany --client scgi+unix:///run/rtorrent.sock /srv/torrents`

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

/** The options of `launchmany`. Each is validated when it is parsed. */
function declareLaunchOptions() {
  const seeding = new Command('launchmany')
    .argument('<directory...>', 'directories of torrents, at any depth')
    .optionsGroup('Seeding:')
    .option(
      '--saveas-style <n>',
      'find the data beside the torrent (1, 2), or in a directory named as the torrent (3)',
      wholeNumber(1, 3),
      2,
    )
    .option('--no-check-hashes', 'check only sizes; hash nothing')
    .addOption(
      new Option('--parse-dir-interval <seconds>', 'look at the directories this often')
        .argParser(seconds)
        .default(10_000, '10'),
    )
    .addOption(maxTorrentSize())
    .optionsGroup('The client:')
    .addOption(clientOption())
    .addOption(dataPrefixOption())
    .addOption(trustDataPathOption())
    .addOption(clientTimeoutOption())
  const command = declareReadingOptions(declareOwnClientOptions(seeding))
    .optionsGroup('Display:')
    .option(
      '--display-interval <seconds>',
      'show the state this often (default: 1 on a terminal, else 60)',
      seconds,
    )
    .option('--json', 'print one line of JSON for each torrent, each time')
    .option('--quiet', 'print nothing unless something is wrong')
  takeOldOptions(command)
  command.addOption(new Option('--responsefile <value>').hideHelp())
  return command
}

type LaunchOptions = ReturnType<ReturnType<typeof declareLaunchOptions>['opts']>

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
  let changes = 0
  const onChange = () => changes++
  const keepings = clients.map((named) => ({ keeper: createKeeper(named, run, onChange), named }))
  const failed = new Set<string>()
  const failing = new AbortController()
  const signal = AbortSignal.any([io.signal, failing.signal])
  try {
    await unlessAborted(signal, () => update(keepings, failed, display))
    await Promise.all([
      repeat(options.parseDirInterval, signal, async () => {
        const before = changes
        await update(keepings, failed, display)
        // The table must not show removed torrents until the next interval
        if (changes !== before && display.isLive) await show(keepings, display, signal)
      }),
      repeat(display.interval, signal, () => show(keepings, display, signal)),
    ])
  } finally {
    // If one loop fails, the other ends, too
    failing.abort()
    display.clear()
  }
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
        display.reportError(error)
        status = 1
      })
    }
  } finally {
    clearTimeout(timer)
  }
  return status
}

function createKeeper(named: NamedClient, run: LaunchRun, hear: () => void): TorrentKeeper {
  const { directories, options, hashContext, display, io } = run
  const settings: KeeperSettings = {
    directories,
    inOwnDirectory: options.saveasStyle === 3,
    checkHashes: options.checkHashes,
    maxTorrentSize: options.maxTorrentSize,
    hashContext,
    onChange: (change, torrent) => {
      hear()
      display.note(`${change} ${torrent}`)
    },
    onProblem: display.reportError,
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
      if (!failed.has(label)) display.reportError(error)
      failed.add(label)
    }
  }
}

async function show(keepings: readonly Keeping[], display: Display, signal: AbortSignal) {
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
  const torrents = (await Promise.all(lists)).flat()
  // The display may have been cleared meanwhile
  if (!signal.aborted) display.show(torrents)
}

/** Repeats an action with a pause of `ms` milliseconds, until aborted. */
async function repeat(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await unlessAborted(signal, async () => {
      await act()
      await setTimeout(ms, undefined, { signal })
    })
  }
}

/** Runs an action and ignores its error if it was aborted. */
async function unlessAborted(signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
