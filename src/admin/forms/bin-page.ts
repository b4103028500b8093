import type { Answer } from '../../pages/frame.js'
import { formatTime } from '../../text/quantity.js'
import { tableOfRows } from '../../pages/table.js'
import { fieldValue, html, type Html } from '../../text/html.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { KEPT_MS, listBin, restoreTorrents, type Deleted } from '../torrents/bin.js'
import { done, failures, type FormsParts } from './parts.js'

/** The most torrents that are shown. */
const MOST_SHOWN = 500

/** The page of deleted torrents, which can be taken back. */
export function binRoutes(parts: FormsParts): AdminRoute[] {
  const restore = async (context: AdminContext): Promise<Answer> => {
    const outcomes = await restoreTorrents(parts.collection, context, context.form.all('id'))
    parts.changed()
    return show(parts, context, html`${done(outcomes, 'taken back')} ${failures(outcomes)}`)
  }
  return [
    {
      method: 'GET',
      path: 'bin',
      menu: { title: 'Bin' },
      handle: (context) => show(parts, context, null),
    },
    { method: 'POST', path: 'bin', handle: restore },
  ]
}

function show({ collection }: FormsParts, context: AdminContext, result: Html | null): Answer {
  const all = listBin(collection)
  const own = all.filter(({ path }) => context.may('delete', collection.owners.lastAt(path)))
  const days = KEPT_MS / 86_400_000
  const rows = own
    .slice(0, MOST_SHOWN)
    .map((each) => row(each, collection.places.titleOf(each.category)))
  return context.page({
    title: 'Bin',
    content: html`${result}
      <p class="muted">Deleted torrents are removed for good after ${days} days.</p>
      ${own.length === 0 ? html`<p>The bin is empty.</p>` : table(rows)}`,
  })
}

function table(rows: readonly Html[]): Html {
  return html`<form method="post" action="bin">
    <section>
      ${tableOfRows({
        label: 'Deleted torrents',
        columns: [
          { title: '' },
          { title: 'Torrent', kind: 'name' },
          { title: 'Category' },
          { title: 'Deleted (UTC)' },
        ],
        rows,
        hasBoxes: true,
      })}
    </section>
    <div class="acts"><button class="main">Take back</button></div>
  </form>`
}

function row({ id, name, deletedAt }: Deleted, category: string): Html {
  return html`<tr>
    <td class="box">
      <input type="checkbox" name="id" value="${fieldValue(id)}" aria-label="${name}" />
    </td>
    <th class="name" scope="row">${name}</th>
    <td>${category}</td>
    <td class="date">${formatTime(deletedAt)}</td>
  </tr>`
}
