import { join, resolve } from 'node:path'
import { callSystem, valueOr } from '../../base/errors.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { requireOwnDirectory } from '../../disk/state/files.js'
import { makeDirectory, stateDirectory } from '../../base/directories.js'
import { type TrackerSettings, USUAL } from '../../tracker/app/settings.js'
import { ClientAddresses } from '../../server/connections/client-address.js'
import type { PassedSocket } from '../../server/listen/passed-sockets.js'
import { passedPlaces, placesAt } from './server.js'
import type { Io } from '../io.js'
import { Report } from '../output/report.js'
import { version } from '../../base/process.js'

/** The files of bans in the state directory. */
export const BANNED_IPS = 'banned-ips'
export const BANNED_TORRENTS = 'banned-torrents'

/** The options that `track` shares with a tracker beside a mirror. */
export interface CommonOptions {
  readonly allowedDir: readonly string[]
  readonly archiveDir: readonly string[]
  readonly bannedIps?: string | undefined
  readonly bannedList?: string | undefined
  readonly state?: string | undefined
  readonly stateDir?: string | undefined
  readonly trustProxy: ConstructorParameters<typeof ClientAddresses>[0]
  readonly siteName?: string | undefined
}

/**
 * The usual settings, with what the common options say.
 * @throws BtkitError if other users could change files in the state directory
 */
export function commonSettings(
  options: CommonOptions,
  io: Io,
): Omit<TrackerSettings, 'places' | 'udpPlaces'> {
  const inPlace = (directory: string) => resolve(io.cwd, directory)
  return {
    ...USUAL,
    allowed: {
      ...USUAL.allowed,
      directories: options.allowedDir.map(inPlace),
      archives: options.archiveDir.map(inPlace),
      ...bannedFiles(options, io),
    },
    page: { ...USUAL.page, siteName: options.siteName ?? null },
    stateFile: options.state
      ? inPlace(options.state)
      : join(openRecords(options, io), 'tracker.state'),
    clientAddresses: new ClientAddresses(options.trustProxy, new Report({}, io).alert),
    version: version(),
  }
}

/** The files of bans: those that are named, or else those that the administration keeps. */
function bannedFiles(options: CommonOptions, io: Io) {
  const kept = (option: string | undefined, name: string) => {
    if (option) return resolve(io.cwd, option)
    // Without a home directory there is none, and no other option may need it
    const directory = valueOr(null, () => recordsDirectory(options, io))
    const path = directory && join(directory, name)
    return path === null || statIfThere(path) === null ? null : path
  }
  return {
    bannedAddresses: kept(options.bannedIps, BANNED_IPS),
    bannedTorrents: kept(options.bannedList, BANNED_TORRENTS),
  }
}

/** The state directory as an absolute path. */
export function recordsDirectory(
  { stateDir }: Pick<CommonOptions, 'stateDir'>,
  { cwd, env, isRoot }: Io,
): string {
  return resolve(cwd, stateDirectory({ option: stateDir, env, isRoot }))
}

/**
 * The same, which is made if it is not there.
 * @throws BtkitError if other users could change files in it
 */
export function openRecords(options: Pick<CommonOptions, 'stateDir'>, io: Io): string {
  const directory = recordsDirectory(options, io)
  callSystem(`state ${directory}`, () => {
    makeDirectory(directory, 0o700)
    requireOwnDirectory(directory)
  })
  return directory
}

/** Where to listen for HTTP and UDP: on the sockets passed to this process, else at the hosts. */
export function trackerPlaces(
  { host, port, udp }: { host: readonly string[]; port: number; udp: boolean },
  io: Io,
  sockets: readonly PassedSocket[] | null,
): Pick<TrackerSettings, 'places' | 'udpPlaces'> {
  if (sockets) {
    return {
      places: passedPlaces(sockets),
      udpPlaces: sockets.filter(({ kind }) => kind === 'udp'),
    }
  }
  const places = placesAt(host.length > 0 ? [...new Set(host)] : [EVERYWHERE], port, io)
  return { places, udpPlaces: udp ? places.filter((each) => 'host' in each) : [] }
}

/** All addresses of the machine, of both families. */
const EVERYWHERE = '::'
