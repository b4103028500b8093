import { appendFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ADMIN_PORT, parseListenPlace, requireProtected } from '../../admin/access/listen-place.js'
import type { OpenForms } from '../../admin/admin-pages.js'
import type { Admin } from '../../admin/server/open-admin.js'
import { callSystem, usageError } from '../../errors.js'
import type { ListenPlace } from '../../server/listen/open-server.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import { makeDirectory } from '../../directories.js'
import { requireOwnDirectory } from '../../state/files.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import type { TrackerSettings } from '../../tracker/app/settings.js'
import type { CommandContext } from '../context.js'
import type { Io } from '../io.js'
import { warningsTo } from '../output/messages.js'
import { serverContext } from './server.js'
import type { TrackOptions } from '../options/tracker.js'
import { BANNED_IPS, BANNED_TORRENTS, recordsDirectory } from './tracker.js'

/** The settings of the administration that options give. */
export interface AdminRequest {
  readonly usersFile: string
  readonly place: ListenPlace
  readonly url: URL | null
  /** The directory of its records. */
  readonly directory: string
  /** The directories whose files may become torrents. */
  readonly makeFrom: readonly string[]
  /** The configuration file with presets, if it was named. */
  readonly config: string | undefined
}

type OwnOptions = Pick<TrackOptions, 'adminUsers' | 'adminListen' | 'adminUrl' | 'makeFrom'>

/** The first option that only the administration has; undefined if none was given. */
export function adminOption({ adminUsers, ...options }: OwnOptions): string | undefined {
  const given = {
    '--admin-users': adminUsers,
    '--admin-listen': options.adminListen,
    '--admin-url': options.adminUrl,
    '--make-from': options.makeFrom[0],
  }
  return Object.entries(given).find(([, value]) => value !== undefined)?.[0]
}

/**
 * Returns the settings of the administration; null without `--admin-users`.
 * @throws BtkitError `usage` if passwords would cross a network in plain text
 */
export function adminRequest(
  options: TrackOptions,
  io: Io & Pick<CommandContext, 'configFile'>,
): AdminRequest | null {
  const { adminUsers, adminListen, adminUrl, tlsCert, trustProxy, makeFrom } = options
  if (adminUsers === undefined) {
    const given = adminOption(options)
    if (given === undefined) return null
    throw usageError(`${given}: needs --admin-users, the file of those who may log in`)
  }
  if (makeFrom.length > 0 && options.allowedDir.length === 0)
    throw usageError('--make-from: needs --allowed-dir, the directory of the torrents')
  const named = parseListenPlace(adminListen ?? `127.0.0.1:${ADMIN_PORT}`)
  const place = 'path' in named ? { path: resolve(io.cwd, named.path) } : named
  const hasTrustedProxy = trustProxy.length > 0
  requireProtected(place, { hasTls: tlsCert !== undefined, hasTrustedProxy })
  const directory = recordsDirectory(options, io)
  const url = adminUrl === undefined ? null : new URL(adminUrl)
  return {
    ...{ usersFile: resolve(io.cwd, adminUsers), place, url, directory, config: io.configFile() },
    makeFrom: makeFrom.map((each) => resolve(io.cwd, each)),
  }
}

/**
 * Makes the directory of records, with files of bans if there are none.
 * @throws BtkitError if other users could change files in the directory
 */
export function prepareRecords({ directory }: AdminRequest): void {
  callSystem(`state ${directory}`, () => {
    makeDirectory(directory, 0o700)
    requireOwnDirectory(directory)
    for (const name of [BANNED_IPS, BANNED_TORRENTS])
      appendFileSync(join(directory, name), '', { mode: 0o600 })
  })
}

/**
 * Opens the administration of a tracker. Most trackers have none, so it is loaded only here.
 * @throws BtkitError
 */
export async function openTrackerAdmin(
  request: AdminRequest,
  tracker: RunningTracker,
  parts: TrackedParts,
): Promise<Admin> {
  const { openAdmin } = await import('../../admin/server/open-admin.js')
  const { ActivityLog } = await import('../../admin/storage/activity-log.js')
  const { BanList } = await import('../../admin/storage/ban-list.js')
  const { adminPages } = await import('../../admin/admin-pages.js')
  const { settings, announceUrls, tls, io } = parts
  const { directory } = request
  const log = new ActivityLog(join(directory, 'admin.log'), warningsTo(io))
  const { directories, archives, bannedAddresses, bannedTorrents } = settings.allowed
  const bans = {
    addresses: new BanList(bannedAddresses ?? join(directory, BANNED_IPS)),
    torrents: new BanList(bannedTorrents ?? join(directory, BANNED_TORRENTS)),
  }
  const forms = await openTrackerForms(request, tracker, parts)
  const places = { directories, archives }
  const routes = adminPages({
    ...{ tracker, announceUrls, ...places, log, bans, forms, now: io.now },
  })
  const name = `${settings.page.siteName ?? 'btkit'} admin`
  const admin = await openAdmin(
    { ...request, name, tls, clientAddresses: settings.clientAddresses },
    { ...serverContext(io), routes, log },
  )
  const close = async () => {
    await admin.close()
    await forms?.close()
  }
  return { ...admin, close }
}

/** The parts of the pages on which torrents are changed; null if all torrents are tracked. */
async function openTrackerForms(
  { directory, makeFrom, config }: AdminRequest,
  tracker: RunningTracker,
  { settings, announceUrls, io }: TrackedParts,
): Promise<OpenForms | null> {
  const { directories, archives } = settings.allowed
  if (directories.length === 0) return null
  const roots = [
    ...directories.map((path) => ({ path, isArchive: false })),
    ...archives.map((path) => ({ path, isArchive: true })),
  ]
  const { openForms } = await import('../../admin/admin-pages.js')
  const { takeTorrentsAt } = await import('../../admin/storage/torrent-rows.js')
  const { formPresets } = await import('../configuration/form-presets.js')
  const context = serverContext(io)
  return openForms({
    ...context,
    roots,
    makeFrom,
    stateDirectory: directory,
    otherStates: COMPLETEDIR_STATES,
    presets: await formPresets(config, io),
    announceUrls,
    announce: announceUrls.find((url) => /^https?:/.test(url)) ?? announceUrls[0] ?? null,
    swarmsAt: (paths) => Promise.resolve(takeTorrentsAt(paths, tracker.view)),
    isBannedAt: (path) => tracker.view.torrents.bannedPaths.has(path),
    // A list of hashes has no metainfo; a file for one of them is no copy
    trackedAs: (infoHash) => tracker.view.torrents.torrents.get(infoHash)?.metainfo ?? null,
    scan: () => tracker.refresh().catch(context.onError),
  })
}

/** The state directories of completedir if root or the unit of systemd runs it. */
const COMPLETEDIR_STATES = ['/var/lib/btkit', '/var/lib/btkit-completedir']

/** The settings of a tracker, and its world. */
interface TrackedParts {
  readonly settings: TrackerSettings
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** Keys of TLS for the pages; null for plain HTTP. */
  readonly tls: TlsKeys | null
  readonly io: Io
}
