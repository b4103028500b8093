import { setImmediate } from 'node:timers/promises'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { deleteTorrents } from '../storage/bin.js'
import { archiveTorrents, moveTorrents } from '../storage/categories.js'
import { nameOfId } from '../access/users.js'
import { banAddress } from './bans.js'
import { editingPage } from './edit.js'
import {
  below,
  BY_NAME,
  factsAt,
  inOrder,
  type Listed,
  type ListedKey,
  pathOf,
  search,
  LISTED_KEYS,
} from './listed.js'
import { LIST_FIELDS, listOf, NONE_CHOSEN, outcomeOf } from './outcome.js'
import { type FormsParts, choicesOf } from './parts.js'
import { HELD } from '../../../disk/state/held.js'
import type { Collection } from '../storage/collection.js'
import { type Category, type ListedCategory, type Places, shownName } from '../storage/places.js'
import { BtkitError } from '../../../base/errors.js'
import { Form, query, selectField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable, rowBox } from '../../../pages/forms/table.js'
import {
  type ListOrder,
  orderFields,
  type Paged,
  paged,
  renderPages,
  sortForms,
  sortHeading,
  parseOrder,
} from '../../../page-parts/sorting.js'
import { renderSearch } from '../../../page-parts/search.js'
import { WORDS } from '../../../page-parts/words.js'
import { type Html, type HtmlValue, fieldValue, html } from '../../../base/text/html.js'
import { formatNumber } from '../../../base/text/quantity.js'
import { TorrentLinks } from '../../pages/overview/torrent-links.js'
import { COLUMNS, type SwarmRow } from '../../pages/overview/swarm-row.js'

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
  const list = listOf(form)
  if (!form.has('torrent')) return context.seeOther(list, NONE_CHOSEN)
  if (form.text('act') === 'edit') return editingPage(parts, context).show(form)
  const act = ACTS.get(form.text('act'))
  if (!act) throw new BtkitError('usage', 'unknown action; load the page again')
  const result = await act(parts.collection, context, form.all('torrent'))
  parts.changed()
  return context.seeOther(list, result)
}

type Act = (collection: Collection, context: AdminContext, torrents: string[]) => Promise<Html>

/** The changes of the chosen torrents, which return the outcome in words. */
const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  [
    'move',
    async (collection, context, torrents) => {
      const to = context.form.text('to')
      const category = html`<a href="torrents${query({ in: to })}">Show the category</a>`
      return outcomeOf(await moveTorrents(collection, context, torrents, to), 'moved', category)
    },
  ],
  ['archive', async (...given) => outcomeOf(await archiveTorrents(...given, false), 'archived')],
  ['back', async (...given) => outcomeOf(await archiveTorrents(...given, true), 'restored')],
  ['delete', async (...given) => outcomeOf(await deleteTorrents(...given), 'deleted', UNDO)],
])

const UNDO = html`<a href="bin">Undo this in the bin</a>`

/**
 * The query has a category (`in`), a part of names (`q`), the order, and the number of the page.
 */
async function showTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { places } = parts.collection
  const { query: form } = context
  const category = form.text('in') === '' ? null : await places.category(form.text('in'))
  // A category that cannot be read is a mistake to report, unlike one below it
  if (category !== null) await places.requireReadable(category)
  const listed = await places.list()
  const wanted = form.text('q').toLowerCase()
  const found =
    wanted === ''
      ? below(places, listed, category)
      : await search(below(places, listed, null), parts, wanted)
  const order = parseOrder(new URLSearchParams(form.toString()), LISTED_KEYS, BY_NAME)
  const shown = paged(await inOrder(found, order, parts), order.page, PER_PAGE)
  const view = { category, listed, shown, isSearch: wanted !== '', form, order }
  const title = view.isSearch ? form.text('q') : category && places.titleOf(category)
  return context.page({
    title: title === null ? WORDS.allTorrents : `Torrents: ${title}`,
    content: html`<div class="shelf">
      ${categoryList(places, view)}
      <div>
        ${toolbar(view)}
        ${found.length === 0 ? nothing(view) : await torrentsTable(parts, context, view)}
        ${pagesOf(view)}
      </div>
    </div>`,
  })
}

function nothing({ category, isSearch }: View): Html {
  if (isSearch) return html`<p>No torrent has this in its name.</p>`
  if (category?.root.isArchive === true) return html`<p>Nothing is archived here.</p>`
  return html`<p>
    No torrents are here. <a href="upload${query({ to: category?.address ?? '' })}">Upload some</a>.
  </p>`
}

/** The categories with the numbers of torrents in them and below. */
function categoryList(places: Places, { category, listed, isSearch }: View): Html {
  const counts = places.countsOf(listed)
  const entry = (address: string, name: string, level: number) => {
    const isCurrent = !isSearch && address === (category?.address ?? '')
    return html`<li class="level-${Math.min(level, 5)}">
      <a href="torrents${query({ in: address })}" ${isCurrent && CURRENT}>${name}</a>
      <span class="muted">${formatNumber(counts.get(address) ?? 0)}</span>
    </li>`
  }
  const items = listed.map((each) => {
    return entry(each.address, each.names.at(-1) ?? places.titleOf(each), places.levelOf(each))
  })
  const choices = listed.map((each) => {
    const isChosen = !isSearch && each.address === category?.address
    const count = formatNumber(counts.get(each.address) ?? 0)
    const text = `${places.titleOf(each)} (${count})`
    return html`<option value="${each.address}" ${isChosen && html`selected`}>${text}</option>`
  })
  return html`<nav class="categories" aria-label="Categories">
      <ul>
        ${entry('', 'All', 0)} ${items}
      </ul>
    </nav>
    <form class="choice" method="get" action="torrents">
      <select name="in" aria-label="Category" data-go>
        <option value="">All (${formatNumber(counts.get('') ?? 0)})</option>
        ${choices}
      </select>
      <button>Show</button>
    </form>`
}

const CURRENT = html`aria-current="page"`

function pagesOf(view: View): Html | false {
  const address = (page: number) => addressOf(view, { ...view.order, page })
  return renderPages(view.shown, address, 'Pages of torrents')
}

/** The address of the same torrents in an order, or of another page of them. */
function addressOf({ category, form }: View, { sort, isDescending, page }: View['order']): string {
  return `torrents${query({
    in: category?.address ?? '',
    q: form.text('q'),
    sort: sort === BY_NAME ? '' : sort,
    order: isDescending ? 'desc' : '',
    page: String(page),
  })}`
}

function toolbar(view: View): Html {
  const { category, form, order } = view
  const inField = html`<input type="hidden" name="in" value="${category?.address ?? ''}" />`
  return html`<div class="tools">
    ${renderSearch({
      id: 'search',
      action: 'torrents',
      name: 'q',
      value: form.text('q'),
      most: 200,
      kept: html`${category && inField} ${orderFields(order, BY_NAME)}`,
      all: `torrents${query({ in: category?.address ?? '' })}`,
    })}
    ${pagesOf(view)}
  </div>`
}

/** The torrents of a page, and how they were asked for. */
interface View {
  /** Null for all. */
  readonly category: Category | null
  /** All categories. */
  readonly listed: readonly ListedCategory[]
  readonly shown: Paged<Listed>
  /** Whether torrents of several categories are shown. */
  readonly isSearch: boolean
  readonly form: Form
  readonly order: ListOrder<ListedKey>
}

const FIGURES = ['size', 'complete', 'downloading'] as const

/** The torrents of a page, with buttons for the chosen ones. */
async function torrentsTable(parts: FormsParts, context: AdminContext, view: View): Promise<Html> {
  const { category, shown, form, order } = view
  const swarms = await parts.swarmsAt(new Set(shown.items.map(pathOf)))
  const rows: HtmlValue[][] = []
  for (const each of shown.items) {
    // The tracker answers meanwhile
    await setImmediate()
    const swarm = swarms.get(pathOf(each)) ?? null
    rows.push(await row(parts, context, { ...each, view, swarm }))
  }
  const sorted = (key: ListedKey, title: string, kind: 'name' | 'n' | 'date') => {
    const column = { key, title, style: kind }
    return { title, kind, heading: sortHeading(column, order) }
  }
  const canChange = rows.some(([box]) => box !== false)
  const where = html`<input
      type="hidden"
      name="in"
      value="${fieldValue(category?.address ?? '')}"
    />
    <input type="hidden" name="q" value="${fieldValue(form.text('q'))}" />`
  return html`${sortForms(where)}
    <form method="post" action="torrents">
      ${where} ${orderFields(order, BY_NAME)}
      <input type="hidden" name="page" value="${shown.page}" />
      <section>
        ${renderTable({
          label: 'Torrents',
          columns: [
            { title: '', kind: 'box' },
            sorted(BY_NAME, 'Torrent', 'name'),
            ...FIGURES.map((key) => sorted(key, COLUMNS[key].title, 'n')),
            sorted('changed', 'Changed', 'date'),
            { title: '', kind: 'get' },
          ],
          rows,
        })}
      </section>
      ${canChange ? acts(parts, view) : html`<p class="muted">You cannot change these.</p>`}
    </form>`
}

function acts({ collection }: FormsParts, { category, listed, shown }: View): Html {
  const hasArchive = collection.places.roots.some(({ isArchive }) => isArchive)
  // A search may find both
  const isArchived = shown.items.some((each) => each.category.root.isArchive)
  const isCurrent = shown.items.some((each) => !each.category.root.isArchive)
  return html`<section class="chosen" aria-label="Do with the chosen torrents">
    <div class="acts">
      <span class="muted" data-sum></span>
      <button class="main" name="act" value="edit">Edit</button>
      <button name="act" value="delete">Delete</button>
      ${hasArchive && isCurrent && html`<button name="act" value="archive">Archive</button>`}
      ${isArchived && html`<button name="act" value="back">Restore</button>`}
      <span class="with">
        ${selectField(new Form({ to: category?.address ?? '' }), {
          name: 'to',
          label: 'Move to',
          choices: choicesOf(collection.places, listed),
        })}
        <button name="act" value="move">Move</button>
      </span>
    </div>
  </section>`
}

interface Row extends Listed {
  readonly view: View
  /** Null if the torrent is not tracked, or not yet. */
  readonly swarm: SwarmRow | null
}

async function row(
  { collection, bannedAt, ...parts }: FormsParts,
  context: AdminContext,
  { category, name: file, view, swarm }: Row,
): Promise<HtmlValue[]> {
  const path = pathOf({ category, name: file })
  const facts = await factsAt(path)
  const owner = collection.owners.lastAt(path)
  const isHeld = collection.held.holds(category.path, file)
  const mayChange = !isHeld && context.may('edit', owner)
  const value = `${category.address}/${file}`
  const name = shownName(file)
  const title = collection.places.titleOf(category)
  const isElsewhere = view.isSearch || view.category?.address !== category.address
  const hasCategory = collection.places.levelOf(category) > 0
  const told = [
    isElsewhere &&
      hasCategory &&
      html`<a href="torrents${query({ in: category.address })}">${title}</a>`,
    facts.told,
    owner !== null && `by ${nameOfId(owner)}`,
    bannedAt(path) !== null && (context.may('ban') ? html`<a href="bans">banned</a>` : 'banned'),
  ].filter((each) => each !== false)
  const listed = view.form.only(...LIST_FIELDS)
  const isReadable = facts.size !== ''
  const editing = `edit?${listed.with({ torrent: value }).toString()}`
  const edit = mayChange && isReadable ? editing : null
  const page = swarm && parts.publicRoot !== null ? linksOf(parts, swarm).page(swarm) : edit
  return [
    mayChange && rowBox('torrent', value, name),
    html`${page === null ? name : html`<a href="${page}">${name}</a>`}<br />
      <span class="muted"> ${told.map((each, at) => [at > 0 && ', ', each])} </span>
      ${isHeld && html`<br /><small class="muted">Read-only: ${HELD}.</small>`}`,
    facts.size,
    swarm?.complete ?? '–',
    swarm?.downloading ?? '–',
    facts.changed,
    html`${edit !== null && html`<a href="${edit}" aria-label="Edit ${name}">edit</a>`}
    ${swarm && html`<a href="${linksOf(parts, swarm).magnet(swarm)}">magnet</a>`}
    ${swarm && context.may('ban') && swarmLinks(swarm, name, listOf(view.form))}`,
  ]
}

/** The ways to the peers of a torrent, and to the page that bans it. */
function swarmLinks({ infoHash }: SwarmRow, name: string, list: string): Html {
  const ban = banAddress('torrents', infoHash, list)
  return html`<a href="peers${query({ of: infoHash })}" aria-label="Peers of ${name}">peers</a>
    <a href="${ban}" aria-label="Ban ${name}">ban</a>`
}

/** The links of a torrent: its magnet link names its own trackers, or else this one. */
function linksOf(
  { announce, publicRoot }: Pick<FormsParts, 'announce' | 'publicRoot'>,
  swarm: SwarmRow,
): TorrentLinks {
  const own = swarm.torrent?.trackers ?? []
  const announceUrls = own.length > 0 ? own : announce === null ? [] : [announce]
  return new TorrentLinks(announceUrls, publicRoot ?? '', { allowGet: false, mirror: null })
}
