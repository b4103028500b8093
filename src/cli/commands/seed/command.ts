import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Command, Option } from '@commander-js/extra-typings'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-files.js'
import { parseDhtNode } from '../../../metainfo/dht-node.js'
import { SeedKeeper } from '../../../seed/keeper.js'
import { SeedService } from '../../../seed/service.js'
import { version } from '../../../version.js'
import { openCacheAccess } from '../../arguments/cache-options.js'
import { maxTorrentSize } from '../../arguments/torrent-input.js'
import { requireNames } from '../../arguments/operands.js'
import { declareReadingOptions, engineFor } from '../../arguments/reading-options.js'
import { bareHost } from '../../arguments/server-options.js'
import { byteRate, checked, collect, seconds, wholeNumber } from '../../arguments/values.js'
import type { CommandContext } from '../../context.js'
import type { Io } from '../../io.js'
import { openDisplay } from '../../output/torrent-display.js'
import type { ListedTorrent } from '../../output/torrent-json.js'

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
      const data = options.data.map((name) => requireThere(name, io))
      const cacheAccess = await openCacheAccess(options, io)
      try {
        // A progress bar would disturb the table
        const engine = engineFor({ ...options, quiet: true }, io)
        await seed({ places, data, options, hashContext: { engine, cacheAccess } }, io)
      } catch (error) {
        // An interruption is the normal end
        if (!io.signal.aborted) throw error
      } finally {
        await cacheAccess.cache.close()
      }
    })
}

function declareSeedOptions() {
  const seeding = new Command('seed')
    .argument('<torrent-or-directory...>', 'torrents, and directories of them at any depth')
    .optionsGroup('Seeding:')
    .option(
      '--data <path>',
      'use this content, or a directory that contains it (default: beside each torrent)',
      collect,
      [],
    )
    .addOption(
      new Option('--parse-dir-interval <seconds>', 'look at the directories this often')
        .argParser(seconds)
        .default(30_000, '30'),
    )
    .addOption(
      new Option('--max-upload <rate>', 'limit the upload rate, such as 10M').argParser(byteRate),
    )
    .addOption(maxTorrentSize())
    .optionsGroup('Network:')
    .option('--host <address>', 'listen on one address (default: all, IPv4 and IPv6)')
    .option('--port <n>', 'listen on this port, TCP and UDP', wholeNumber(0, 65_535), 6881)
    .option('--dht', 'announce public torrents in the DHT')
    .option(
      '--dht-node <host:port>',
      'begin with this node of the DHT; repeatable (default: public nodes)',
      (text: string, previous: string[]) => [...previous, dhtNode(text)],
      [],
    )
    .option('--lsd', 'announce public torrents on the local network')
  return declareReadingOptions(seeding)
    .optionsGroup('Display:')
    .option(
      '--display-interval <seconds>',
      'show the state this often (default: 1 on a terminal, else 60)',
      seconds,
    )
    .option('--json', 'print one line of JSON for each torrent, each time')
    .option('--quiet', 'print nothing unless something is wrong')
}

const dhtNode = checked((text) => {
  const { host, port } = parseDhtNode(text)
  return `${host}:${port}`
})

type SeedOptions = ReturnType<ReturnType<typeof declareSeedOptions>['opts']>

interface SeedRun extends Pick<
  ConstructorParameters<typeof SeedKeeper>[0],
  'places' | 'data' | 'hashContext'
> {
  readonly options: SeedOptions
}

function requireThere(name: string, { cwd }: Io): string {
  const path = resolve(cwd, name)
  if (statIfThere(path)) return path
  throw new BtkitError('not-found', `${name}: no such file or directory`)
}

async function seed({ options, ...run }: SeedRun, io: Io): Promise<void> {
  const display = openDisplay(options, io)
  const { monotonic, signal } = io
  const service = await SeedService.open({
    host: options.host === undefined ? null : bareHost(options.host),
    port: options.port,
    isPortFlexible: false,
    maxUpload: options.maxUpload ?? null,
    version: version(),
    monotonic,
    dht: options.dht ?? false,
    dhtNodes: options.dhtNode.length === 0 ? null : options.dhtNode,
    localDiscovery: options.lsd ?? false,
    onWithdrawn: (torrent, reason) => {
      display.reportError(reason)
      keeper.forget(torrent)
    },
    onError: display.reportError,
  })
  const keeper = new SeedKeeper({
    ...run,
    isBeside: true,
    sourceOf: () => null,
    maxTorrentSize: options.maxTorrentSize,
    service,
    onChange: (change, torrent) => {
      display.note(`${change} ${torrent}`)
    },
    onProblem: display.reportError,
  })
  try {
    display.note(`listening on port ${service.port}`)
    const rates = new Rates(service, monotonic)
    await Promise.all([
      repeat(options.parseDirInterval, signal, () => keeper.update()),
      repeat(display.interval, signal, () => {
        display.show(rates.list(keeper))
        return Promise.resolve()
      }),
    ])
  } finally {
    display.clear()
    await service.close()
  }
}

/** The torrents with their rates since the last look. */
class Rates {
  #before = new Map<string, number>()
  #at: number

  constructor(
    private readonly service: SeedService,
    private readonly monotonic: () => number,
  ) {
    this.#at = monotonic()
  }

  list(keeper: SeedKeeper): ListedTorrent[] {
    const now = this.monotonic()
    const elapsed = Math.max(1, now - this.#at) / 1000
    const before = this.#before
    this.#before = new Map()
    this.#at = now
    return [...this.service.states()].map(({ torrent, peers, uploaded }) => {
      const { name, size, infoHash, infoHashV2 } = torrent
      const hash = infoHash ?? (infoHashV2 ?? '').slice(0, 40)
      this.#before.set(hash, uploaded)
      const [failure] = this.service.failuresOf(torrent)
      return {
        ...{ client: 'btkit', torrent: keeper.pathOf(torrent) ?? null, infoHash: hash, name },
        ...{ directory: null, isMarked: true, state: 'seeding', size, bytesDone: size, peers },
        message: failure ? `${failure.tracker}: ${failure.reason}` : null,
        uploadRate: Math.round((uploaded - (before.get(hash) ?? uploaded)) / elapsed),
        downloadRate: 0,
        ratio: size === 0 ? 0 : uploaded / size,
      }
    })
  }
}

/** Repeats an action with a pause of `ms` milliseconds, until aborted. */
async function repeat(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act()
    await setTimeout(ms, undefined, { signal })
  }
}
