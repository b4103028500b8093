import { BtkitError } from '../../errors.js'
import { problem, type Answer } from '../../pages/frame.js'
import { paged, renderPages } from '../../server/pages/sorting.js'
import { fieldValue, html, type Html } from '../../text/html.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { deleteTorrents } from '../torrents/bin.js'
import { archiveTorrents, moveTorrents } from '../torrents/categories.js'
import type { Category, Places } from '../torrents/places.js'
import { editingPage } from './edit-page.js'
import { outcomeOf, query, type FormsParts } from './parts.js'
import { torrentsTable, type Listed, type View } from './torrents-table.js'

/** The torrents on a page. */
const PER_PAGE = 100

/** The page of torrents, from which some are chosen to be changed. */
export function torrentsRoutes(parts: FormsParts): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: 'torrents',
      menu: 'Torrents',
      handle: (context) => showTorrents(parts, context),
    },
    { method: 'POST', path: 'torrents', handle: (context) => changeTorrents(parts, context) },
  ]
}

async function changeTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { form } = context
  const shown = { in: form.text('in'), q: form.text('q'), page: form.text('page') }
  const list = `torrents${query(shown)}`
  if (!form.has('torrent'))
    return context.seeOther(list, problem({ message: 'no torrent was chosen; check its box' }))
  if (form.text('act') === 'edit') return editingPage(parts, context).show(form)
  const result = await change(parts, context)
  parts.changed()
  return context.seeOther(list, result)
}

/** Changes the chosen torrents, and returns the outcome in words. */
async function change({ collection }: FormsParts, context: AdminContext): Promise<Html> {
  const { form } = context
  const torrents = form.all('torrent')
  switch (form.text('act')) {
    case 'move': {
      const to = form.text('to')
      return outcomeOf(await moveTorrents(collection, context, { torrents, to }), 'moved')
    }
    case 'archive': {
      const wanted = { torrents, isBack: false }
      return outcomeOf(await archiveTorrents(collection, context, wanted), 'archived')
    }
    case 'back': {
      const wanted = { torrents, isBack: true }
      return outcomeOf(await archiveTorrents(collection, context, wanted), 'taken back')
    }
    case 'delete': {
      const undo = html`<a href="bin">Undo this in the bin</a>`
      return outcomeOf(await deleteTorrents(collection, context, torrents), 'deleted', undo)
    }
    default:
      throw new BtkitError('usage', 'this cannot be done with torrents')
  }
}

/** The query has a category (`in`), a part of names (`q`), and the number of the page. */
async function showTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { places } = parts.collection
  const { query: form } = context
  const category = places.category(form.text('in') || '0')
  const wanted = form.text('q').toLowerCase()
  const found = wanted === '' ? inCategory(places, category) : search(places, wanted)
  const wantedPage = Math.max(1, Math.trunc(Number(form.text('page'))) || 1)
  const shown = paged(found, wantedPage, PER_PAGE)
  const view = { category, shown, isSearch: wanted !== '', form }
  return context.page({
    title: 'Torrents',
    content: html`<div class="shelf">
      ${categoryList(parts, view.isSearch ? null : category.address)}
      <div>
        ${toolbar(view)}
        ${found.length === 0 ? nothing(wanted) : await torrentsTable(parts, context, view)}
      </div>
    </div>`,
  })
}

function inCategory(places: Places, category: Category): Listed[] {
  return places.torrentNames(category).map((name) => ({ category, name }))
}

/** The torrents of all categories with a text in their names. */
function search(places: Places, wanted: string): Listed[] {
  return places.list().flatMap((category) => {
    const names = places.namesIfReadable(category)
    return names.flatMap((name) =>
      name.toLowerCase().includes(wanted) ? [{ category, name }] : [],
    )
  })
}

function nothing(wanted: string): Html {
  return wanted === ''
    ? html`<p>No torrents are here. <a href="upload">Upload some</a>.</p>`
    : html`<p>No torrent has this in its name.</p>`
}

/** The categories with numbers of torrents. */
function categoryList({ collection: { places } }: FormsParts, current: string | null): Html {
  const items = places.list().map((each) => {
    const isCurrent = each.address === current && html` aria-current="page"`
    const name = each.names.at(-1) ?? places.titleOf(each)
    return html`<li class="level-${Math.min(places.levelOf(each), 5)}">
      <a href="torrents${query({ in: each.address })}" ${isCurrent}>${name}</a>
      <span class="muted">${places.namesIfReadable(each).length}</span>
    </li>`
  })
  return html`<nav class="categories" aria-label="Categories">
    <ul>
      ${items}
    </ul>
  </nav>`
}

function toolbar({ category, form, shown }: View): Html {
  const address = (page: number) =>
    `torrents${query({ in: category.address, q: form.text('q'), page: String(page) })}`
  return html`<div class="tools">
    <form method="get" action="torrents" role="search">
      <input type="hidden" name="in" value="${fieldValue(category.address)}" />
      <input
        type="search"
        name="q"
        value="${fieldValue(form.text('q'))}"
        placeholder="Part of a name"
        aria-label="Part of a name"
      />
      <button>Search</button>
    </form>
    ${renderPages(shown, address, 'Pages of torrents')}
  </div>`
}
