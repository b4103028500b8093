import { basename, dirname, resolve } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { HeldTorrents } from '../../../admin/torrents/held.js'
import { homeDirectory, runtimeDirectory, stateDirectory } from '../../../directories.js'
import { BtkitError } from '../../../errors.js'
import { boundYoungHeap, unboundHeapGrowth } from '../../../heap-growth.js'
import { realPath } from '../../../files/inside.js'
import { statIfThere } from '../../../files/stat-files.js'
import { parseDhtNode } from '../../../metainfo/trackers.js'
import { stateDirOption } from '../../arguments/cache-options.js'
import { maxTorrentSize, readTorrentFile } from '../../arguments/torrent-input.js'
import { isDirectory, requireNames } from '../../arguments/operands.js'
import {
  declareDisplayOptions,
  declareReadingOptions,
  withHashContext,
} from '../../arguments/reading-options.js'
import { bareHost } from '../../arguments/server-options.js'
import {
  byteRate,
  checked,
  collect,
  repeated,
  secondsOption,
  wholeNumber,
} from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { FILE, Opt } from '../../options/option.js'
import { type KeeperOptions, SeedKeeper } from '../../../seed/keeper.js'
import { SeedService, type SeedServiceOptions } from '../../../seed/service.js'
import { answerStatus } from '../../../clients/seeds.js'
import { version } from '../../../process.js'
import { type DisplayOptions, followTorrents, openDisplay } from '../../output/torrent-display.js'
import type { ListedTorrent } from '../../output/torrent-json.js'
import { serviceManager } from '../../service-manager/service-manager.js'

const EXAMPLES = `
Examples:
  btkit seed image.iso.torrent
  btkit seed /srv/torrents --data /srv/files
  btkit seed /srv/torrents --data /srv/files --dht --max-upload 50M`

export function defineSeed({ io }: CommandContext) {
  return declareSeedOptions()
    .description('Seed torrents without another program, until interrupted.')
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      requireNames(names, 'torrent')
      const places = names.map((name) => requireThere(name, io))
      // A file that is no torrent never becomes one; a directory may get some later
      for (const place of places)
        if (!isDirectory(place)) readTorrentFile(place, options.maxTorrentSize)
      const data = options.data.map((name) => requireThere(name, io))
      const { host, port } = options
      await seed(
        {
          options,
          keeping: { places, data, isBeside: true, sourceOf: recordedSource(options, io) },
          serving: {
            host: host === undefined ? null : bareHost(host),
            port,
            lastPort: port,
            announcedAddress: null,
            maxUpload: options.maxUpload ?? null,
            dht: options.dht ?? false,
            dhtNodes: options.dhtNode.length === 0 ? null : options.dhtNode,
            localDiscovery: options.lsd ?? false,
          },
        },
        io,
      )
    })
}

function declareSeedOptions() {
  const seeding = new Command('seed')
    .argument('<torrent-or-directory...>', 'torrents, and directories of them at any depth')
    .optionsGroup('Seeding:')
    .addOption(
      new Opt(
        '--data <path>',
        'use this content, or a directory that contains it (default: recorded, or beside each torrent)',
        FILE,
      )
        .argParser(collect)
        .default([]),
    )
    .addOption(stateDirOption('find the data that completedir recorded in this directory'))
    .addOption(
      secondsOption('--parse-dir-interval <seconds>', 'look at the directories this often', 30),
    )
    .option('--max-upload <rate>', 'limit the upload rate, such as 10M', byteRate)
    .addOption(maxTorrentSize())
    .optionsGroup('Network:')
    .option('--host <address>', 'listen on one address (default: all, IPv4 and IPv6)')
    .option('--port <n>', 'listen on this port, TCP and UDP', wholeNumber(0, 65_535), 6881)
    .option('--dht', 'announce public torrents in the DHT')
    .option(
      '--dht-node <host:port>',
      'begin with this node of the DHT; repeatable (default: public nodes)',
      repeated((text) => [dhtNode(text)]),
      [],
    )
    .option('--lsd', 'announce public torrents on the local network')
  return declareDisplayOptions(declareReadingOptions(seeding))
}

const dhtNode = checked((text) => {
  const { host, port } = parseDhtNode(text)
  return `${host}:${port}`
})

type SeedOptions = ReturnType<ReturnType<typeof declareSeedOptions>['opts']>

function requireThere(name: string, { cwd }: Io): string {
  const path = resolve(cwd, name)
  if (statIfThere(path)) return path
  throw new BtkitError('not-found', `${name}: no such file or directory`)
}

/** Returns a function that looks up of which content `completedir` made a torrent. */
function recordedSource({ stateDir }: SeedOptions, { env, isRoot }: Io) {
  const given = stateDir ?? env['BTKIT_STATE_DIR']
  // A service may have no home directory
  if (!given && !isRoot && homeDirectory(env) === null) return () => null
  const held = new HeldTorrents([stateDirectory({ option: stateDir, env, isRoot })])
  return (torrent: string) => {
    const directory = realPath(dirname(torrent))
    return directory === null ? null : held.sourceOf(directory, basename(torrent))
  }
}

/** A run of `seed`: its torrents, and how peers get them. */
interface SeedRun {
  readonly options: DisplayOptions &
    Parameters<typeof withHashContext>[0] & {
      readonly maxTorrentSize: number
      /** In milliseconds. */
      readonly parseDirInterval: number
    }
  readonly keeping: Pick<KeeperOptions, 'places' | 'data' | 'isBeside' | 'sourceOf'>
  readonly serving: Omit<SeedServiceOptions, 'version' | 'monotonic' | 'onWithdrawn' | 'onError'>
}

/** Seeds torrents until interrupted, which is the normal end. */
export async function seed(run: SeedRun, io: Io): Promise<void> {
  boundYoungHeap()
  // A progress bar would disturb the table
  await withHashContext({ ...run.options, quiet: true }, io, (hashContext) => {
    return keepSeeding({ ...run, hashContext }, io)
  })
}

async function keepSeeding(
  { options, keeping, serving, hashContext }: SeedRun & Pick<KeeperOptions, 'hashContext'>,
  io: Io,
): Promise<void> {
  const display = openDisplay(options, io)
  const { env, monotonic, signal } = io
  const warn = (message: string) => {
    display.reportError(new Error(message))
  }
  const manager = serviceManager({ env, warn })
  const service = await SeedService.open({
    ...serving,
    version: version(),
    monotonic,
    onWithdrawn: (torrent, reason) => {
      display.reportError(reason)
      keeper.forget(torrent)
    },
    onError: display.reportError,
  })
  const keeper = new SeedKeeper({
    ...keeping,
    hashContext,
    maxTorrentSize: options.maxTorrentSize,
    service,
    onChange: (change, torrent) => {
      display.note(`${change} ${torrent}`)
    },
    onProblem: display.reportError,
  })
  const list = () => listTorrents(service, keeper)
  const report = () => ({ port: service.port, version: version(), torrents: list() })
  const directory = runtimeDirectory(io)
  // Where the directory cannot be written, `btkit status` finds nothing
  const endStatus = directory && (await answerStatus(directory, report).catch(() => null))
  try {
    display.note(`listening on port ${service.port}`)
    manager.ready(`listening on port ${service.port}`)
    await followTorrents(display, {
      interval: options.parseDirInterval,
      signal,
      // Uploads need the space that the first look does not
      update: () => keeper.update().finally(unboundHeapGrowth),
      list: () => Promise.resolve(list()),
    })
  } finally {
    manager.stopping()
    display.clear()
    if (endStatus) endStatus()
    await service.close()
  }
}

/** The torrents, as a client would list them. */
function listTorrents(service: SeedService, keeper: SeedKeeper): ListedTorrent[] {
  return [...service.states()].map(({ torrent, peers, uploaded, rate }) => {
    const { name, size, infoHash, infoHashV2 } = torrent
    const [failure] = service.failuresOf(torrent)
    return {
      ...{ client: 'btkit', torrent: keeper.pathOf(torrent) ?? null, name },
      infoHash: infoHash ?? (infoHashV2 ?? '').slice(0, 40),
      ...{ directory: null, isMarked: true, state: 'seeding', size, bytesDone: size, peers },
      message: failure ? `${failure.tracker}: ${failure.reason}` : null,
      uploadRate: rate,
      downloadRate: 0,
      ratio: size === 0 ? 0 : uploaded / size,
    }
  })
}
