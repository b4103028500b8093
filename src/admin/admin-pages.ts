import { jobRoutes } from '../pages/app.js'
import { Jobs } from '../pages/jobs.js'
import { renderTable } from '../pages/table.js'
import type { ServerContext } from '../server/context.js'
import { startPeriodicTasks } from '../server/periodic-tasks.js'
import { renderFigures } from '../server/views/item.js'
import { WORDS } from '../server/views/words.js'
import { type Html, html } from '../text/html.js'
import { formatBytes } from '../text/quantity.js'
import { NO_ROWS, type RowTotals } from '../tracker/page/torrent-rows.js'
import type { AdminRoute } from './frame/visit.js'
import { activityRoutes } from './routes/activity.js'
import type { ActivityLog } from './storage/activity-log.js'
import { peersRoutes } from './routes/peers.js'
import { banRoutes, type BanParts } from './routes/bans.js'
import { binRoutes } from './routes/bin.js'
import { emptyBin } from './storage/bin.js'
import { categoriesRoutes } from './routes/categories.js'
import { editRoutes } from './routes/edit.js'
import { makeRoutes } from './routes/make.js'
import { reachableDirectories } from '../files/reachable.js'
import type { FormsParts } from './routes/parts.js'
import { torrentsRoutes } from './routes/torrents.js'
import { uploadRoutes } from './routes/upload.js'
import { WorkThread } from '../work/work-thread.js'
import { Collection, type CollectionParts } from './storage/collection.js'
import { realRoot } from './storage/places.js'
import { directoryOf, sumRows, takeTorrents } from './storage/torrent-rows.js'

/** The parts of all pages. */
interface AllPagesParts extends BanParts {
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The directories of current torrents, as absolute paths. */
  readonly directories: readonly string[]
  /** The directories of retired torrents, as absolute paths. */
  readonly archives: readonly string[]
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
    ...peersRoutes(parts),
    ...activityRoutes(parts),
  ]
}

/** The pages on which torrents are changed. None waits for a disk that does not answer. */
function formsRoutes(parts: FormsParts): AdminRoute[] {
  const routes: AdminRoute[] = [
    ...torrentsRoutes(parts),
    ...uploadRoutes(parts),
    ...makeRoutes(parts),
    ...jobRoutes(parts.jobs),
    ...editRoutes(parts),
    ...categoriesRoutes(parts),
    ...binRoutes(parts),
  ]
  return routes.map((route) => ({
    ...route,
    handle: async (context) => {
      await parts.reachable()
      return route.handle(context)
    },
  }))
}

/** Milliseconds between two looks for deleted torrents that are too old. */
const TIDY_PERIOD = 3_600_000

/** Milliseconds without work after which its thread ends. */
const IDLE = 10_000

/** The settings of the pages on which torrents are changed. */
interface FormsSettings
  extends
    CollectionParts,
    Pick<
      FormsParts,
      | 'presets'
      | 'announce'
      | 'announceUrls'
      | 'publicRoot'
      | 'swarmsAt'
      | 'isBannedAt'
      | 'makeFrom'
    >,
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
  const { monotonic, onError, warn } = settings
  const real = settings.roots.map(async (root) => ({ ...root, path: await realRoot(root.path) }))
  const collection = new Collection({ ...settings, roots: await Promise.all(real) })
  const jobs = new Jobs(monotonic, () => undefined)
  const work = new WorkThread({ cacheDirectory: null, cacheTrust: 'full' }, warn, IDLE)
  const reachable = reachableDirectories(collection.places.roots.map(({ path }) => path))
  const tidy = async () => {
    await reachable()
    await emptyBin(collection)
  }
  await tidy()
  const stop = startPeriodicTasks([{ act: tidy, period: TIDY_PERIOD }], onError)
  const close = async () => {
    jobs.cancelAll()
    await stop()
    await jobs.settled()
    await work.close()
  }
  const changed = () => void settings.scan()
  const makeFrom = await Promise.all(settings.makeFrom.map(realRoot))
  return { ...settings, collection, jobs, work, makeFrom, changed, reachable, close }
}

/** The first page: the state of the tracker. */
function frontRoutes(parts: AllPagesParts): AdminRoute[] {
  const handle: AdminRoute['handle'] = async ({ page }) =>
    page({ title: 'Tracker', content: await frontContent(parts) })
  return [{ method: 'GET', path: '', menu: 'Tracker', handle }]
}

async function frontContent(parts: AllPagesParts): Promise<Html> {
  const { tracker, announceUrls, directories, archives } = parts
  const { torrents } = tracker.view
  const { isOpen, isFed } = torrents
  const { rows, totals } = await takeTorrents(tracker.view)
  const places = [...directories, ...archives, ...(isFed ? [MADE] : [])]
  const sums = sumRows(rows, (path) => (path === null ? MADE : directoryOf(path, places)))
  return html`${renderFigures([
      ['Torrents', totals.torrents],
      [WORDS.seeds, totals.complete, totals.complete > 0 && 'seeds'],
      [WORDS.leechers, totals.downloading, totals.downloading > 0 && 'peers'],
      [WORDS.completed, totals.downloaded],
      ['Content', formatBytes(totals.size)],
    ])}
    ${isOpen && html`<p class="note">This tracker is open: it tracks any torrent.</p>`}
    ${places.length > 0 && directoryTable(places, sums)}
    ${isFed && html`<p class="muted">${ABOUT_MADE}</p>`}
    <section>
      <h2>Addresses for clients</h2>
      <ul>
        ${announceUrls.map((url) => html`<li><code>${url}</code></li>`)}
      </ul>
    </section>`
}

/** Stands for the torrents that are in no directory, because the mirror beside the tracker makes them. */
const MADE = 'made by the mirror'

const ABOUT_MADE =
  'Torrents that the mirror makes can be banned, but not edited or deleted: it would make them again.'

function directoryTable(places: readonly string[], sums: ReadonlyMap<string, RowTotals>): Html {
  const label = 'Directories of torrents'
  const table = renderTable({
    label,
    columns: [
      { title: 'Directory', kind: 'name' },
      { title: 'Torrents', kind: 'n' },
      { title: 'Seeds', kind: 'n' },
      { title: 'Leechers', kind: 'n' },
      { title: 'Content', kind: 'n' },
    ],
    rows: places.map((directory) => {
      const sum = sums.get(directory) ?? NO_ROWS
      return [directory, sum.torrents, sum.complete, sum.downloading, formatBytes(sum.size)]
    }),
  })
  return html`<section>
    <h2>${label}</h2>
    ${table}
  </section>`
}
