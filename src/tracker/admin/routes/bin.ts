import type { Answer } from '../../../server/headers/answer.js'
import { renderTable, rowBox, type Table } from '../../../page-parts/table.js'
import { renderTime } from '../../../page-parts/time.js'
import { html, type Html } from '../../../base/text/html.js'
import { formatBytes } from '../../../base/text/quantity.js'
import { NONE_CHOSEN, outcomeOf } from './outcome.js'
import type { FormsParts } from './parts.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { BIN_LIMITS, listBin, restoreTorrents } from '../storage/bin.js'

/** The most torrents that are shown. */
const MOST_SHOWN = 500

/** The page of deleted torrents, which can be restored. */
export function binRoutes(parts: FormsParts): AdminRoute[] {
  const restore = async (context: AdminContext): Promise<Answer> => {
    if (!context.form.has('id')) return context.seeOther('bin', NONE_CHOSEN)
    const outcomes = await restoreTorrents(parts.collection, context, context.form.all('id'))
    return context.seeOther('bin', outcomeOf(outcomes, 'restored'))
  }
  return [
    {
      method: 'GET',
      path: 'bin',
      under: 'torrents',
      handle: (context) => show(parts, context),
    },
    { method: 'POST', path: 'bin', handle: restore },
  ]
}

async function show({ collection }: FormsParts, context: AdminContext): Promise<Answer> {
  const own = await listBin(
    collection,
    ({ path }) => context.may('delete', collection.owners.lastAt(path)),
    MOST_SHOWN,
  )
  const { age, bytes } = BIN_LIMITS
  const rows = own.map(({ id, name, category, deletedAt }) => {
    const box = rowBox('id', id, name)
    return [box, name, category.title, renderTime(deletedAt, 'minute')]
  })
  return context.page({
    title: 'Bin',
    above: [{ address: 'torrents', title: 'Torrents' }],
    content: html`<p class="muted">
        Deleted torrents are removed for good after ${age / 86_400_000} days. If there are more than
        ${formatBytes(bytes)}, the oldest are removed first.
        ${own.length === MOST_SHOWN && `Here are the newest ${MOST_SHOWN}.`}
      </p>
      ${own.length === 0 ? html`<p>The bin is empty.</p>` : table(rows)}`,
  })
}

function table(rows: Table['rows']): Html {
  const columns = [['', 'pick'], ['Torrent', 'name'], ['Category'], ['Deleted', 'date']] as const
  return html`<form method="post" action="bin">
    ${renderTable({ label: 'Deleted torrents', columns, rows })}
    <div class="acts"><button class="main">Restore</button></div>
  </form>`
}
