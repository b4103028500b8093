import { Jobs } from '../pages/jobs.js'
import type { ServerContext } from '../server/context.js'
import { startPeriodicTasks } from '../server/periodic-tasks.js'
import type { AdminRoute } from './frame/visit.js'
import { activityRoutes, type ActivityLog } from './pages/activity.js'
import { banRoutes, type BanParts } from './pages/bans.js'
import { binRoutes, emptyBin } from './pages/bin.js'
import { categoriesRoutes } from './pages/categories.js'
import { editRoutes } from './pages/edit.js'
import { frontRoutes, type FrontParts } from './pages/front.js'
import { madePage, makeRoutes } from './pages/make.js'
import { type FormsParts, jobsRoutes, realRoots } from './pages/parts.js'
import { torrentsRoutes } from './pages/torrents.js'
import { uploadRoutes } from './pages/upload.js'
import { Collection, type CollectionParts } from './torrents/collection.js'

/** The parts of all pages. */
interface AllPagesParts extends BanParts, FrontParts {
  readonly tracker: BanParts['tracker']
  readonly log: ActivityLog
  /** The parts of pages on which torrents are changed; null without directories of torrents. */
  readonly forms: FormsParts | null
}

/** Returns all pages, in the order of the menu. */
export function adminPages(parts: AllPagesParts): AdminRoute[] {
  return [
    ...frontRoutes(parts),
    ...(parts.forms ? formsRoutes(parts.forms) : []),
    ...banRoutes(parts),
    ...activityRoutes(parts),
  ]
}

/** The pages on which torrents are changed. */
function formsRoutes(parts: FormsParts): AdminRoute[] {
  return [
    ...torrentsRoutes(parts),
    ...uploadRoutes(parts),
    ...makeRoutes(parts),
    ...jobsRoutes(parts, { make: madePage }),
    ...editRoutes(parts),
    ...categoriesRoutes(parts),
    ...binRoutes(parts),
  ]
}

/** Milliseconds between two looks for deleted torrents that are too old. */
const TIDY_PERIOD = 3_600_000

/** The settings of the pages on which torrents are changed. */
interface FormsSettings
  extends
    CollectionParts,
    Pick<FormsParts, 'presets' | 'announce' | 'swarmsAt' | 'makeFrom'>,
    Pick<ServerContext, 'monotonic' | 'onError'> {}

/** The parts of the pages on which torrents are changed, and their end. */
export interface OpenForms extends FormsParts {
  readonly close: () => Promise<void>
}

/**
 * Opens the parts of the pages on which torrents are changed. Deleted torrents are removed when they
 * are too old.
 * @throws BtkitError if a directory or the state cannot be read
 */
export async function openForms(settings: FormsSettings): Promise<OpenForms> {
  const { monotonic, onError } = settings
  const collection = new Collection(settings)
  const jobs = new Jobs(monotonic, () => undefined)
  const tidy = () => emptyBin(collection)
  await tidy()
  const stop = startPeriodicTasks([{ act: tidy, period: TIDY_PERIOD }], onError)
  const close = async () => {
    jobs.cancelAll()
    await stop()
    await jobs.settled()
  }
  const changed = () => void settings.scan()
  const makeFrom = realRoots(settings.makeFrom)
  return { ...settings, collection, jobs, makeFrom, changed, close }
}
