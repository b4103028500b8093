import { join } from 'node:path'
import type { Preset } from '../../pages/forms/torrent-fields.js'
import type { ServerContext } from '../../server/context.js'
import type { RunningTracker } from '../app/run-tracker.js'
import type { TrackerSettings } from '../app/settings.js'
import { adminPages, openForms, type OpenForms } from './admin-pages.js'
import { type Admin, openAdmin } from './app/open-admin.js'
import type { AdminSettings } from './app/authentication.js'
import { ActivityLog } from './storage/activity-log.js'
import { BanList } from './storage/ban-list.js'
import { FreshSnapshot } from '../pages/overview/snapshot.js'

/** The settings of the administration that the tracker does not have. */
export interface TrackerAdminSettings extends Pick<
  AdminSettings,
  'usersFile' | 'place' | 'url' | 'tls'
> {
  /** The directory of its records. */
  readonly directory: string
  /** The files of bans that the tracker reads. */
  readonly bans: { readonly addresses: string; readonly torrents: string }
  /** The directories whose files may become torrents. */
  readonly makeFrom: readonly string[]
  /** Reads the presets of forms. */
  readonly presets: () => Promise<readonly Preset[]>
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
}

/** A tracker that runs, and its settings. */
export interface AdministeredTracker {
  readonly tracker: RunningTracker
  readonly settings: Pick<TrackerSettings, 'allowed' | 'clientAddresses' | 'page' | 'look'>
}

/**
 * Opens the administration of a tracker.
 * @throws BtkitError if its files cannot be used, or it cannot listen
 */
export async function openForTracker(
  settings: TrackerAdminSettings,
  administered: AdministeredTracker,
  context: ServerContext,
): Promise<Admin> {
  const { directory, announceUrls } = settings
  const { tracker, settings: own } = administered
  const log = await ActivityLog.open(join(directory, 'admin.log'), context.warn)
  const bans = {
    addresses: new BanList(settings.bans.addresses),
    torrents: new BanList(settings.bans.torrents),
  }
  const { directories, archives } = own.allowed
  const snapshots = new FreshSnapshot({ ...tracker.view, showNames: true, roots: null }, context)
  const forms = await openTrackerForms({ ...settings, snapshots }, administered, context)
  const routes = adminPages({
    tracker,
    snapshots,
    announceUrls,
    directories,
    archives,
    log,
    bans,
    forms,
    now: context.now,
  })
  const name = `${own.page.siteName ?? 'btkit'} admin`
  const { clientAddresses } = own
  const siteStyle = own.look.style?.text ?? ''
  const named = { ...settings, name, siteStyle, clientAddresses }
  const admin = await openAdmin(named, { ...context, routes, log })
  const close = async () => {
    await admin.close()
    await forms?.close()
  }
  return { ...admin, close }
}

/** The parts of the pages on which torrents are changed; null if all torrents are tracked. */
async function openTrackerForms(
  {
    directory,
    presets,
    announceUrls,
    ...shared
  }: TrackerAdminSettings & Pick<OpenForms, 'snapshots'>,
  { tracker, settings }: AdministeredTracker,
  context: ServerContext,
): Promise<OpenForms | null> {
  const { directories, archives } = settings.allowed
  if (directories.length === 0) return null
  const roots = [
    ...directories.map((path) => ({ path, isArchive: false })),
    ...archives.map((path) => ({ path, isArchive: true })),
  ]
  const overHttp = announceUrls.find((url) => /^https?:.*\/announce$/.test(url)) ?? null
  return openForms({
    ...context,
    ...shared,
    roots,
    stateDirectory: directory,
    otherStates: COMPLETEDIR_STATES,
    presets: await presets(),
    announceUrls,
    announce: announceUrls.find((url) => /^https?:/.test(url)) ?? announceUrls[0] ?? null,
    publicRoot: settings.page.showInfoPage && overHttp ? new URL('./', overHttp).href : null,
    bannedAt: (path) => tracker.view.torrents.bannedPaths.get(path) ?? null,
    // A list of hashes has no metainfo; a file for one of them is no copy
    trackedAs: (infoHash) => tracker.view.torrents.torrents.get(infoHash)?.metainfo ?? null,
    scan: () => tracker.refresh().catch(context.onError),
  })
}

/** The state directories of completedir if root or the unit of systemd runs it. */
const COMPLETEDIR_STATES = ['/var/lib/btkit', '/var/lib/btkit-completedir']
