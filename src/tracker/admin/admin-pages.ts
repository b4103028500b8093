import { jobRoutes } from '../../pages/forms/app.js'
import { renderTable } from '../../page-parts/table.js'
import { renderCard } from '../../page-parts/layout.js'
import { renderCopied, peerFigures, renderFigures } from '../../page-parts/item.js'
import { renderTime } from '../../page-parts/time.js'
import { WORDS } from '../../page-parts/words.js'
import { type Html, html } from '../../base/text/html.js'
import { formatBytes } from '../../base/text/quantity.js'
import type { FreshSnapshot } from '../pages/overview/snapshot.js'
import { addRow, type RowTotals, sumRows } from '../pages/overview/swarm-row.js'
import type { AdminContext, AdminRoute } from './frame/visit.js'
import { activityRoutes, itemOf } from './routes/activity.js'
import { type ActivityLog, targetsOf } from './storage/activity-log.js'
import { peersRoutes } from './routes/peers.js'
import { banRoutes, type BanParts } from './routes/bans.js'
import { binRoutes } from './routes/bin.js'
import { categoriesRoutes } from './routes/categories.js'
import { editRoutes } from './routes/edit.js'
import { makeRoutes } from './routes/make.js'
import type { FormsParts } from './routes/parts.js'
import { looksOf, torrentsRoutes } from './routes/torrents.js'
import { accountRoutes, usersRoutes } from './routes/users.js'
import { uploadRoutes } from './routes/upload.js'
import { directoryOf, type Places } from './storage/places.js'

/** The parts of all pages. */
interface AllPagesParts extends BanParts {
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The directories of current torrents, as absolute paths. */
  readonly directories: readonly string[]
  /** The directories of retired torrents, as absolute paths. */
  readonly archives: readonly string[]
  readonly log: ActivityLog
  /** The figures of all torrents. */
  readonly snapshots: FreshSnapshot
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
    ...activityRoutes(parts.log, parts.forms?.collection.places ?? null),
    ...usersRoutes(),
    ...accountRoutes(),
  ]
}

/**
 * The pages on which torrents are changed. None waits for a disk that does not answer. Behind a
 * change, the tracker looks at the torrents first: it may be unable to watch directories.
 */
function formsRoutes(parts: FormsParts): AdminRoute[] {
  const routes: AdminRoute[] = [
    ...torrentsRoutes(parts),
    ...uploadRoutes(parts),
    ...makeRoutes(parts),
    ...jobRoutes(parts.jobs, 'torrents'),
    ...editRoutes(parts),
    ...categoriesRoutes(parts),
    ...binRoutes(parts),
  ]
  return routes.map((route) => ({
    ...route,
    handle: async (context) => {
      await parts.reachable()
      const answer = await route.handle(context)
      // A change leads to another page; a preview or a refused form is the page itself
      if (answer.status === 303) await parts.changed()
      return answer
    },
  }))
}

/** The first page: the state of the tracker. */
function frontRoutes(parts: AllPagesParts): AdminRoute[] {
  const handle: AdminRoute['handle'] = async (context) =>
    context.page({ title: 'Tracker', content: await frontContent(parts, context) })
  return [{ method: 'GET', path: '', handle }]
}

async function frontContent(parts: AllPagesParts, context: AdminContext): Promise<Html> {
  const { tracker, snapshots, announceUrls, directories, archives, forms } = parts
  const { torrents } = tracker.view
  const { isOpen, isFed } = torrents
  const { rows, totals } = await snapshots.get()
  const places = [...directories, ...archives, ...(isFed ? [MADE] : [])]
  const sums = new Map(places.map((place) => [place, sumRows([])]))
  for (const row of rows) {
    const path = row.summary?.path
    const sum = sums.get((path === null ? MADE : directoryOf(path, places)) ?? '')
    if (sum) addRow(sum, row)
  }
  const looks = forms ? await looksOf(forms) : []
  const shown = looks.map(({ address, title, count }) => [
    html`<a href="${address}">${title}</a>`,
    count,
  ])
  const look = { label: 'Needs a look', columns: LOOK_COLUMNS, rows: shown }
  return html`${isOpen && html`<p class="note">This tracker is open: it tracks any torrent.</p>`}
  ${
    forms &&
    (looks.length > 0
      ? renderTable(look)
      : html`<p class="good">✓ No torrent needs a look: each is tracked and has a seed.</p>`)
  }
  ${renderFigures(
    [
      [WORDS.torrents, totals.torrents],
      ...peerFigures(totals.complete, totals.downloading),
      [WORDS.completed, totals.downloaded],
      ['Content', formatBytes(totals.size)],
    ],
    true,
  )}
  ${forms && (await recentUploads(parts.log, forms.collection.places, context))}
  ${places.length > 0 && directoryTable(places, sums, forms !== null)}
  ${isFed && html`<p class="muted">${ABOUT_MADE}</p>`}
  ${renderCard(
    'Addresses for clients',
    announceUrls.map((url, i) => renderCopied(`announce-${i}`, WORDS.announceUrl, url)),
  )}`
}

const LOOK_COLUMNS = [
  ['Needs a look', 'name'],
  [WORDS.torrents, 'n'],
] as const

/** The entries of the log that are searched for uploads, and the uploads that are shown. */
const SEARCHED = 500
const RECENT = 5

/** The last torrents that were added: by anybody, for those who may see the log, or by the user. */
async function recentUploads(
  log: ActivityLog,
  places: Places,
  { may, user }: AdminContext,
): Promise<Html | null> {
  const entries = await log.latest(SEARCHED)
  const isShown = (by: string) => may('audit') || by === user.name
  const added = entries.filter((entry) => entry.action === 'add' && isShown(entry.user))
  if (added.length === 0) return null
  const all = added.flatMap((entry) => targetsOf(entry).map((target) => ({ ...entry, target })))
  const rows = all.slice(0, RECENT).map(({ target, user: by, at }) => {
    return [itemOf(target, places), by, renderTime(at, 'second')]
  })
  const columns = [['Torrent', 'name'], ['By'], [WORDS.added, 'date']] as const
  return html`<h2>Recent uploads</h2>
    ${renderTable({ label: 'Recent uploads', columns, rows })}`
}

/**
 * Stands for the torrents that are in no directory, because the mirror beside the tracker makes
 * them.
 */
const MADE = 'made by the mirror'

const ABOUT_MADE =
  'Torrents that the mirror makes can be banned, but not edited or deleted: it would make them again.'

function directoryTable(
  places: readonly string[],
  sums: ReadonlyMap<string, RowTotals>,
  hasLists: boolean,
): Html {
  const label = 'Folders of torrents'
  const table = renderTable({
    label,
    columns: [
      ['Folder', 'name'],
      ['Torrents', 'n'],
      ['Seeds', 'n'],
      ['Leechers', 'n'],
      ['Content', 'n'],
    ],
    rows: places.map((directory) => {
      const sum = sums.get(directory) ?? sumRows([])
      // The list of all has as many if there is no other directory
      const isListed = hasLists && places.length === 1 && directory !== MADE
      const name = isListed ? html`<a href="torrents">${directory}</a>` : directory
      return [name, sum.torrents, sum.complete, sum.downloading, formatBytes(sum.size)]
    }),
  })
  return html`<h2>${label}</h2>
    ${table}`
}
