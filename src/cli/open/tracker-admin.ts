import { appendFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  ADMIN_PORT,
  parseListenPlace,
  requireProtected,
} from '../../tracker/admin/access/listen-place.js'
import type { TrackerAdminSettings } from '../../tracker/admin/open-for-tracker.js'
import type { Admin } from '../../tracker/admin/app/open-admin.js'
import { callSystem, orClose } from '../../base/errors.js'
import type { TlsKeys } from '../../server/listen/tls-keys.js'
import type { RunningTracker, TrackerWorld } from '../../tracker/app/run-tracker.js'
import type { TrackerSettings } from '../../tracker/app/settings.js'
import type { CommandContext } from '../context.js'
import type { Io } from '../io.js'
import type { declareAdminOptions } from '../options/server.js'
import { announceUrlsOf } from '../output/addresses.js'
import { withPortAdvice } from './server.js'
import { BANNED_IPS, BANNED_TORRENTS, type CommonOptions, openRecords } from './tracker.js'

/** The settings of the administration that options give. */
export type AdminRequest = Omit<TrackerAdminSettings, 'tls' | 'announceUrls'>

type AdminOptions = CommonOptions &
  ReturnType<ReturnType<typeof declareAdminOptions<[], { readonly tlsCert?: string }>>['opts']>

/**
 * Returns the settings of the administration, and makes the directory of its records, with files of
 * bans if there are none. Returns null without `--admin-users`.
 * @throws BtkitError `usage` if passwords would cross a network in plain text; also if other users
 * could change files in the directory
 */
export function prepareAdmin(
  options: AdminOptions,
  io: Io & Pick<CommandContext, 'configFile'>,
): AdminRequest | null {
  const { adminUsers, adminListen, adminUrl, tlsCert, trustProxy, makeFrom } = options
  if (adminUsers === undefined) return null
  const named = parseListenPlace(adminListen ?? `127.0.0.1:${ADMIN_PORT}`)
  const place = 'path' in named ? { path: resolve(io.cwd, named.path) } : named
  const hasTrustedProxy = trustProxy.length > 0
  requireProtected(place, { hasTls: tlsCert !== undefined, hasTrustedProxy })
  const directory = openRecords(options, io)
  for (const name of [BANNED_IPS, BANNED_TORRENTS])
    callSystem(`state ${directory}`, () => {
      appendFileSync(join(directory, name), '', { mode: 0o600 })
    })
  const inPlace = (path: string) => resolve(io.cwd, path)
  return {
    usersFile: inPlace(adminUsers),
    place,
    directory,
    makeFrom: makeFrom.map(inPlace),
    url: adminUrl === undefined ? null : new URL(adminUrl),
    bans: {
      addresses: inPlace(options.bannedIps || join(directory, BANNED_IPS)),
      torrents: inPlace(options.bannedList || join(directory, BANNED_TORRENTS)),
    },
    presets: async () => {
      const { formPresets } = await import('../configuration/form-presets.js')
      return formPresets(io.configFile(), io)
    },
  }
}

/** How a tracker is run. */
interface TrackerRun {
  readonly settings: TrackerSettings
  /** Null for no administration. */
  readonly admin: AdminRequest | null
  /** Keys of TLS for the administration; null for plain HTTP. */
  readonly tls: TlsKeys | null
  /** The announce URL for clients; null for those of its addresses. */
  readonly announce: string | null
  /** The remedy if its port is in use. */
  readonly advice: string
  readonly world: TrackerWorld
}

/** A running tracker, and its administration, which stops with it; null for none. */
export interface OpenTracker extends RunningTracker {
  readonly pages: Pick<Admin, 'address'> | null
}

/**
 * Runs a tracker and its administration. Most trackers have none, so it is loaded only here.
 * @throws BtkitError if one cannot listen, or read or write its state
 */
export async function runWithAdmin(run: TrackerRun): Promise<OpenTracker> {
  const { settings, admin, tls, world } = run
  const { runTracker } = await import('../../tracker/app/run-tracker.js')
  const tracker = await runTracker(settings, world).catch(withPortAdvice(run.advice))
  if (!admin) return { ...tracker, pages: null }
  return orClose(tracker.stop, async () => {
    const { openForTracker } = await import('../../tracker/admin/open-for-tracker.js')
    const { announce } = run
    const announceUrls =
      announce === null ? announceUrlsOf(tracker.addresses, settings.publicUrl) : [announce]
    const told = { ...admin, tls, announceUrls }
    const pages = await openForTracker(told, { tracker, settings }, world)
    const stop = async () => {
      await pages.close()
      await tracker.stop()
    }
    return { ...tracker, pages, stop }
  })
}
