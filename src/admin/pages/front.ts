import type { AdminRoute } from '../frame/visit.js'
import { directoryOf, sumRows, takeTorrents } from '../torrents/torrent-rows.js'
import { renderTable } from '../../pages/table.js'
import { type Html, html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import type { RunningTracker } from '../../tracker/app/run-tracker.js'
import { NO_ROWS, type RowTotals } from '../../tracker/page/torrent-rows.js'

/** The parts of the first page. */
export interface FrontParts {
  readonly tracker: Pick<RunningTracker, 'view'>
  /** The announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The directories of current torrents, as absolute paths. */
  readonly directories: readonly string[]
  /** The directories of retired torrents, as absolute paths. */
  readonly archives: readonly string[]
}

/** The first page: the state of the tracker. */
export function frontRoutes(parts: FrontParts): AdminRoute[] {
  const handle: AdminRoute['handle'] = async ({ page }) =>
    page({ title: 'Tracker', content: await frontContent(parts) })
  return [{ method: 'GET', path: '', menu: 'Tracker', handle }]
}

async function frontContent(parts: FrontParts): Promise<Html> {
  const { tracker, announceUrls, directories, archives } = parts
  const { torrents, store } = tracker.view
  const { isOpen, isFed } = torrents
  const { rows, totals } = await takeTorrents(tracker.view)
  const { peers, seeds } = store.totals()
  const figures = [
    ['Torrents', totals.torrents],
    ['Peers', peers],
    ['Seeds', seeds],
    ['Completed', totals.downloaded],
    ['Content', formatBytes(totals.size)],
  ] as const
  const places = [...directories, ...archives, ...(isFed ? [MADE] : [])]
  const sums = sumRows(rows, (path) => (path === null ? MADE : directoryOf(path, places)))
  return html`<dl class="figures">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
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
      { title: 'Downloaders', kind: 'n' },
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
