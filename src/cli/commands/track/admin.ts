import { join, resolve } from 'node:path'
import {
  ADMIN_PORT,
  parseListenPlace,
  requireProtected,
} from '../../../admin/access/listen-place.js'
import type { Admin } from '../../../admin/server/open-admin.js'
import { asBtkitError, BtkitError } from '../../../errors.js'
import type { ListenPlace } from '../../../server/listen/open-server.js'
import { stateDirectory } from '../../../state/directory.js'
import { makeDirectory, requireOwnDirectory } from '../../../state/own-directory.js'
import type { RunningTracker } from '../../../tracker/app/run-tracker.js'
import type { TrackerSettings } from '../../../tracker/app/settings.js'
import type { Io } from '../../io.js'
import { reportError, reportWarning } from '../../output/messages.js'
import type { TrackOptions } from './options.js'

/** The settings of the administration that options give. */
export interface AdminRequest {
  readonly usersFile: string
  readonly place: ListenPlace
  readonly url: URL | null
  /** The directory of its records. */
  readonly directory: string
}

/**
 * Returns the settings of the administration; null without `--admin-users`.
 * @throws BtkitError `usage` if passwords would cross a network in plain text
 */
export function adminRequest(options: TrackOptions, io: Io): AdminRequest | null {
  const { adminUsers, adminListen, adminUrl, stateDir, tlsCert, trustProxy } = options
  if (adminUsers === undefined) {
    const given = adminListen === undefined ? adminUrl && '--admin-url' : '--admin-listen'
    if (given === undefined) return null
    throw new BtkitError('usage', `${given}: needs --admin-users, the file of those who may log in`)
  }
  const { cwd, env, isRoot } = io
  const named = parseListenPlace(adminListen ?? `127.0.0.1:${ADMIN_PORT}`)
  const place = 'path' in named ? { path: resolve(cwd, named.path) } : named
  const hasTrustedProxy = trustProxy.length > 0
  requireProtected(place, { hasTls: tlsCert !== undefined, hasTrustedProxy })
  const directory = resolve(cwd, stateDirectory({ option: stateDir, env, isRoot }))
  const url = adminUrl === undefined ? null : new URL(adminUrl)
  return { usersFile: resolve(cwd, adminUsers), place, url, directory }
}

/**
 * Opens the administration of a tracker. Most trackers have none, so it is loaded only here.
 * @throws BtkitError
 */
export async function openTrackerAdmin(
  request: AdminRequest,
  tracker: RunningTracker,
  { settings, io }: { readonly settings: TrackerSettings; readonly io: Io },
): Promise<Admin> {
  const { openAdmin } = await import('../../../admin/server/open-admin.js')
  const { ActivityLog } = await import('../../../admin/activity/activity-log.js')
  const { adminPages } = await import('../../../admin/admin-pages.js')
  const { directory } = request
  makeOwnDirectory(directory)
  const log = new ActivityLog(join(directory, 'admin.log'))
  const { directories } = settings.allowed
  const routes = adminPages({ tracker, directories, log, now: io.now })
  return openAdmin(
    { ...request, tls: settings.tls, clientAddresses: settings.clientAddresses },
    {
      routes,
      log,
      now: io.now,
      monotonic: io.monotonic,
      warn: (message) => {
        reportWarning(message, io)
      },
      onError: (error) => {
        reportError(error, io)
      },
    },
  )
}

/** @throws BtkitError if other users could change files in the directory */
function makeOwnDirectory(directory: string): void {
  try {
    makeDirectory(directory)
    requireOwnDirectory(directory)
  } catch (error) {
    throw asBtkitError(error, `state ${directory}`)
  }
}
