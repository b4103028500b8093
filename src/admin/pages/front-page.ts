import { sep } from 'node:path'
import { html, type Html } from '../../text/html.js'
import { NO_ROWS, addRow, type RowTotals } from '../../tracker/page/swarm-row.js'
import { Snapshot } from '../../tracker/page/snapshot.js'
import { renderTable } from '../../pages/table.js'
import { formatBytes } from '../../text/quantity.js'
import type { PagesParts } from '../frame/parts.js'
import type { AdminRoute } from '../frame/visit.js'

type FrontParts = Pick<PagesParts, 'tracker' | 'directories'>

/** The first page: the state of the tracker. */
export function frontRoutes(parts: FrontParts): AdminRoute[] {
  const handle: AdminRoute['handle'] = async ({ page }) =>
    page({ title: 'Tracker', content: await frontContent(parts) })
  return [{ method: 'GET', path: '', menu: { title: 'Tracker' }, handle }]
}

async function frontContent({ tracker, directories }: FrontParts): Promise<Html> {
  const { torrents, store } = tracker.view
  const { isOpen } = torrents
  const source = { store, torrents: torrents.torrents, isOpen, showNames: true }
  const { rows, totals } = await Snapshot.take(source)
  const { peers, seeds } = await store.totals()
  const figures = [
    ['Torrents', totals.torrents],
    ['Peers', peers],
    ['Seeds', seeds],
    ['Completed', totals.downloaded],
    ['Content', formatBytes(totals.size)],
  ] as const
  const sums = directories.map((directory) => {
    const below = `${directory}${sep}`
    const isBelow = (path: string | null | undefined) => path?.startsWith(below) ?? false
    const own = rows.filter(({ torrent }) => isBelow(torrent?.metainfo?.path))
    return { directory, sum: own.reduce(addRow, NO_ROWS) }
  })
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
    ${sums.length > 0 && directoryTable(sums)}
    <section>
      <h2>Addresses</h2>
      <ul>
        ${tracker.addresses.map((address) => html`<li><code>${address}</code></li>`)}
      </ul>
    </section>`
}

interface Sum {
  readonly directory: string
  readonly sum: RowTotals
}

function directoryTable(sums: readonly Sum[]): Html {
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
    rows: sums.map(({ directory, sum }) => {
      return [directory, sum.torrents, sum.complete, sum.downloading, formatBytes(sum.size)]
    }),
  })
  return html`<section>
    <h2>${label}</h2>
    ${table}
  </section>`
}
