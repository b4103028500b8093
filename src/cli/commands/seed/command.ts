import { basename, dirname, relative, resolve, sep } from 'node:path'
import { Command } from '../../acting-command.js'
import { HeldTorrents } from '../../../disk/state/held.js'
import { stateDirectory } from '../../../base/directories.js'
import { BtkitError, usageError, valueOr } from '../../../base/errors.js'
import { adviseDownload } from '../../../base/text/no-download.js'
import { isWithin, realPath } from '../../../disk/look/inside.js'
import { statIfThere } from '../../../disk/look/stat-files.js'
import { addressKind, readTorrentFile } from '../../open/torrent-input.js'
import {
  declareDisplayOptions,
  declareReadingOptions,
  FOLLOW_SYMLINKS,
  HEADER_FILE,
  stateDirOption,
} from '../../options/reading.js'
import { isDirectory, requireNames } from '../../line/operands.js'
import { bareHost, OTHER_PORT, withPortAdvice } from '../../open/server.js'
import { contentUrl, directoryAddress, looksLikeUrl } from '../../../metainfo/trackers.js'
import { remoteAccess } from '../../open/remote-access.js'
import { byteSize, collect, secondsOr, wholeNumber } from '../../options/values.js'
import type { CommandContext, CommandRecord } from '../../context.js'
import type { Io } from '../../io.js'
import { FILE } from '../../options/option.js'
import { announcedAddress, maxUploadRateOption } from '../../options/seeding.js'

const EXAMPLES = `
Examples:
  btkit seed image.iso.torrent
  btkit seed /srv/torrents --data /srv/files
  btkit seed /srv/torrents --data https://files.example/1.0/
  btkit seed /srv/torrents --data /srv/files --dht --max-upload-rate 50M`

export const command: CommandRecord = {
  group: 'Serve and seed',
  order: 30,
  summary: 'Seed torrents without another program; a mirror: serve --seed',
  example: 'image.iso.torrent',
  isService: true,
  basics: 'data host port dht lsd max-upload-rate json quiet',
  define: defineSeed,
}

function defineSeed({ io, isLegacy }: CommandContext) {
  return declareSeedOptions()
    .description('Seed torrents without another program, until interrupted.')
    .addHelpText('after', EXAMPLES)
    .action(async (names, options) => {
      requireNames(names, 'torrent')
      const places = names.map((name) => requireTorrents(name, io))
      // A file that is no torrent never becomes one; a directory may get some later
      const files = places.filter((place) => !isDirectory(place))
      const hasOnlyFiles = files.length === names.length
      for (const file of files) readTorrentFile(file)
      const urls = options.data.filter(looksLikeUrl).map(contentUrl)
      const paths = options.data.filter((name) => !looksLikeUrl(name))
      const data = [...paths.map((name) => requireData(name, files, io)), ...urls]
      const search = data.filter((place) => !looksLikeUrl(place) && isDirectory(place))
      const lone = options.dailyLimit === undefined ? options.headerFile : '--daily-limit'
      if (urls.length === 0 && lone !== undefined)
        throw usageError(`${options.dailyLimit === undefined ? '--header-file' : lone}: ${NO_URL}`)
      const { host, port } = options
      const { seed } = await import('../../seeding/own-seed.js')
      await seed(
        {
          options: { ...options, isLegacy },
          keeping: {
            places,
            placesOf: dataPlaces(data, places, { options, io }),
            search,
            followSymlinks: options.followSymlinks,
            isBeside: true,
          },
          // A file that is named is the content, or a mistake; and BitTornado's programs for one
          // torrent download what is not there
          endsWithout: hasOnlyFiles && (isLegacy || (paths.length > 0 && search.length === 0)),
          remote:
            urls.length === 0
              ? null
              : {
                  access: remoteAccess(options, { signal: io.signal }),
                  perDay: options.dailyLimit ?? null,
                },
          portMapping: options.portMapping && (host === undefined || ALL.includes(bareHost(host))),
          serving: {
            host: host === undefined ? null : bareHost(host),
            port,
            lastPort: lastPortOf(options, isLegacy),
            announcedAddress: options.ip ?? null,
            maxUpload: options.maxUploadRate || null,
            dht: options.dht ?? false,
            localDiscovery: options.lsd ?? false,
          },
        },
        io,
      ).catch(withPortAdvice(OTHER_PORT))
    })
}

function declareSeedOptions() {
  const seeding = new Command('seed', { takes: 'torrent' })
    .argument('<torrent-or-directory...>', 'torrents, and directories of them at any depth')
    .optionsGroup('Seeding:')
    .opt(
      '--data <path|url>',
      `use this content, or a directory that contains it, also by another name (repeatable). By
        default, it is the content that btkit-completedir(1) recorded for the torrent, or in the
        torrent's directory, by the torrent's name. With this option, data is looked for nowhere
        else. A file that is not the content of the named torrents ends the program. A URL is a web
        seed: pieces are read from its server when peers ask for them, and are checked before they
        are sent. See DATA ON A SERVER.`,
      { ...FILE, ...collect },
    )
    .opt(
      '--daily-limit <size>',
      `read at most this much from servers of --data in 24 hours, such as 50G (default: unlimited).
        Then peers wait; those with a magnet link still get the metadata.`,
      { parse: byteSize },
    )
    .opt(...HEADER_FILE)
    .opt(...FOLLOW_SYMLINKS)
    .opt(
      ...stateDirOption(
        `find the data that completedir recorded in this directory. The default is that of
          btkit-completedir(1).`,
      ),
    )
    .opt('--parse-dir-interval <seconds>', 'look at the directories this often', secondsOr(30))
    .opt(...maxUploadRateOption('limit the upload rate'))
    .optionsGroup('Network:')
    .opt('--host <address>', 'listen on one address (default: all, IPv4 and IPv6)')
    .opt('--port <n>', 'listen on this port, TCP and UDP', {
      parse: wholeNumber(0, 65_535),
      default: 6881,
    })
    .opt('--maxport <n>', 'if that port is taken, use the next one up to this one', {
      parse: wholeNumber(1, 65_535),
      isHidden: true,
    })
    .opt(
      '--ip <address>',
      'announce this address to trackers (default: the address that they see)',
      { parse: announcedAddress },
    )
    .opt(
      '--dht',
      `announce public torrents in the DHT. Private torrents are never announced there. Without this
        or --lsd, nobody can find the seed of a torrent without tracker, and a warning says so.`,
    )
    .opt('--lsd', 'announce public torrents on the local network (BEP 14)')
    .opt(
      '--no-port-mapping',
      `do not ask the router for the port. By default, a router in front of this machine is asked by
        NAT-PMP and UPnP to pass on connections. No router is asked if this machine has a public
        address of IPv4, or with one address as --host. See BEHIND A ROUTER.`,
    )
  return declareDisplayOptions(declareReadingOptions(seeding))
}

type SeedOptions = ReturnType<ReturnType<typeof declareSeedOptions>['opts']>

/** Hosts that stand for all addresses. */
const ALL = ['0.0.0.0', '::']

const NO_URL = 'is for data at a URL; give one with --data'

/** The directory of a torrent below the given one in which it was found. */
function placeBelow(torrent: string, given: readonly string[]): string[] {
  const above = given.find((place) => torrent !== place && isWithin(torrent, place))
  return above === undefined ? [] : relative(above, dirname(torrent)).split(sep).filter(Boolean)
}

/** The last port of the range that BitTornado's programs use by default. */
const LAST_PORT = 6999

/**
 * The last port that may be used: BitTornado's programs use the first free one of a range.
 * @throws BtkitError `usage` if the range is empty
 */
function lastPortOf({ port, maxport }: SeedOptions, isLegacy: boolean): number {
  const last = maxport ?? (isLegacy ? Math.max(port, LAST_PORT) : port)
  if (port <= last) return last
  throw usageError(`--port ${port}: must not be above --maxport ${last}`)
}

/** @throws BtkitError `usage` for the address of a torrent, `not-found` if there is nothing */
function requireTorrents(name: string, io: Io): string {
  const path = pathIfThere(name, io)
  if (path !== null) return path
  const what = addressKind(name)
  if (what !== null) throw usageError(`${name}: ${what}, not a file; ${adviseDownload(name)}`)
  throw new BtkitError('not-found', `${name}: no such file or directory`)
}

/** @throws BtkitError `not-found` that says how to get the data of the torrents */
function requireData(name: string, torrents: readonly string[], io: Io): string {
  const path = pathIfThere(name, io)
  if (path !== null) return path
  const [torrent] = torrents
  const advice = torrent === undefined ? '' : `; ${adviseDownload(torrent)}`
  throw new BtkitError('not-found', `${name}: no such file or directory${advice}`)
}

function pathIfThere(name: string, { cwd }: Io): string | null {
  const path = resolve(cwd, name)
  return statIfThere(path) ? path : null
}

/**
 * Returns a function that yields the places where the data of a torrent may be: those that are
 * given, and no others; without any, the content of which `completedir` made it, and beside it.
 */
function dataPlaces(
  data: readonly string[],
  torrents: readonly string[],
  {
    options: { stateDir: option },
    io: { env, isRoot },
  }: { readonly options: SeedOptions; readonly io: Io },
) {
  // A service may have no home directory
  const held = new HeldTorrents(valueOr([], () => [stateDirectory({ option, env, isRoot })]))
  return function* (torrent: string) {
    for (const path of data) {
      yield { path }
      const below = looksLikeUrl(path) ? placeBelow(torrent, torrents) : []
      if (below.length > 0) yield { path: directoryAddress(path.replace(/\/$/, ''), below) }
    }
    if (data.length > 0) return
    const directory = realPath(dirname(torrent))
    const source = directory && held.sourceOf(directory, basename(torrent))
    if (source) yield { path: source, byName: false }
    yield { path: dirname(torrent), byName: true }
  }
}
