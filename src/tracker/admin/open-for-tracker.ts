import { join } from 'node:path'
import type { Preset } from '../../pages/forms/torrent-fields.js'
import type { ServerContext } from '../../server/context.js'
import type { RunningTracker } from '../app/run-tracker.js'
import type { TrackerSettings } from '../app/settings.js'
import { reachableDirectories } from '../../disk/look/reachable.js'
import { Jobs } from '../../pages/forms/jobs.js'
import { WorkThread } from '../../pages/work/work-thread.js'
import { startPeriodicTasks } from '../../server/periodic-tasks.js'
import { adminPages } from './admin-pages.js'
import type { FormsParts } from './routes/parts.js'
import { emptyBin } from './storage/bin.js'
import { Collection } from './storage/collection.js'
import { realRoot } from './storage/places.js'
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

type FormsSettings = TrackerAdminSettings &
  Pick<FormsParts, 'snapshots'> & { readonly publicUrl: string | null }

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
  const overHttp = announceUrls.find((url) => /^https?:.*\/announce$/.test(url)) ?? null
  const isShown = own.page.showInfoPage && overHttp !== null
  const publicUrl = isShown ? new URL('./', overHttp).href : null
  const forms = await openForms({ ...settings, snapshots, publicUrl }, administered, context)
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
  const { clientAddresses, look } = own
  const site = { name, ...look }
  const admin = await openAdmin(
    { ...settings, site, publicUrl, clientAddresses },
    { ...context, routes, log },
  )
  const close = async () => {
    await admin.close()
    await forms?.close()
  }
  return { ...admin, close }
}

/** The parts of the pages on which torrents are changed, and their end. */
interface OpenForms extends FormsParts {
  readonly close: () => Promise<void>
}

/** Milliseconds between two looks for deleted torrents that are too old. */
const TIDY_PERIOD = 3_600_000

/** Milliseconds without work after which its thread ends. */
const IDLE = 10_000

/**
 * Opens the parts of the pages on which torrents are changed; null if all torrents are tracked.
 * Deleted torrents are removed when they are too old.
 * @throws BtkitError if a directory or the state cannot be read
 */
async function openForms(
  { directory, makeFrom, presets, announceUrls, snapshots, publicUrl }: FormsSettings,
  { tracker, settings }: AdministeredTracker,
  context: ServerContext,
): Promise<OpenForms | null> {
  const { directories, archives } = settings.allowed
  if (directories.length === 0) return null
  const rootOf = (isArchive: boolean) => async (path: string) => {
    return { path: await realRoot(path), isArchive }
  }
  const roots = [...directories.map(rootOf(false)), ...archives.map(rootOf(true))]
  const { warn, onError, now, monotonic } = context
  const { torrents } = tracker.view
  const changed = () => tracker.refresh().catch(onError)
  const collection = new Collection({
    roots: await Promise.all(roots),
    stateDirectory: directory,
    otherStates: COMPLETEDIR_STATES,
    now,
    warn,
    // A list of hashes has no metainfo; a file for one of them is no copy
    trackedAs: (infoHash) => torrents.torrents.get(infoHash)?.metainfo ?? null,
    scan: changed,
  })
  const jobs = new Jobs(monotonic, onError)
  const work = new WorkThread(null, warn, IDLE)
  const reachable = reachableDirectories(collection.places.roots.map(({ path }) => path))
  const tidy = async () => {
    await reachable()
    await emptyBin(collection)
  }
  await tidy()
  const stop = startPeriodicTasks([{ act: tidy, period: TIDY_PERIOD }], onError)
  return {
    collection,
    jobs,
    work,
    reachable,
    changed,
    snapshots,
    announceUrls,
    makeFrom: await Promise.all(makeFrom.map(realRoot)),
    presets: await presets(),
    announce: announceUrls.find((url) => /^https?:/.test(url)) ?? announceUrls[0] ?? null,
    publicRoot: publicUrl,
    isClosed: isClosed(settings.page),
    bannedAt: (path) => torrents.bannedPaths.get(path) ?? null,
    close: async () => {
      jobs.cancelAll()
      await stop()
      await jobs.settled()
      await work.close()
    },
  }
}

/** The state directories of completedir if root or the unit of systemd runs it. */
const COMPLETEDIR_STATES = ['/var/lib/btkit', '/var/lib/btkit-completedir']

function isClosed({ showInfoPage, showNames, catalogue }: TrackerSettings['page']): boolean {
  return !showInfoPage || !showNames || catalogue === 'off'
}
