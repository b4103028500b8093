import { basename, dirname } from 'node:path'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { deleteTorrents, listBin } from '../storage/bin.js'
import { archiveTorrents, moveTorrents } from '../storage/categories.js'
import { nameOfId } from '../access/users.js'
import { editingPage, publicPage } from './edit.js'
import { type Listed, textOf, torrentsIn } from './listed.js'
import { fileAddress, LIST_FIELDS, listOf, NONE_CHOSEN, outcomeOf } from './outcome.js'
import { actButton, type FormsParts, moveField } from './parts.js'
import { HELD } from '../../../disk/state/held.js'
import type { Collection } from '../storage/collection.js'
import type { Category, ListedCategory } from '../storage/places.js'
import { BtkitError } from '../../../base/errors.js'
import { type Form, hiddenFields, query } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { rowBox } from '../../../page-parts/table.js'
import { keptField, orderFields, renderPages, sortForms } from '../../../page-parts/sorting.js'
import { WORDS } from '../../../page-parts/words.js'
import { dotted } from '../../../page-parts/item.js'
import { clipText } from '../../../base/text/escape.js'
import { fieldValue, type Html, type HtmlValue, html } from '../../../base/text/html.js'
import { formatBytes, formatNumber } from '../../../base/text/quantity.js'
import { readRegular } from '../../../disk/look/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../../metainfo/bencode/check.js'
import { fileAnswer } from '../../pages/overview/page-answer.js'
import { sortRows } from '../../pages/overview/snapshot.js'
import {
  type ListedRows,
  type ListQuery,
  listRows,
  parseListQuery,
  renderTorrents,
} from '../../pages/overview/torrent-list.js'

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
    { method: 'GET', path: 'file', handle: (context) => sendTorrent(parts, context) },
  ]
}

/** Answers with a .torrent file, for those who may change it. */
async function sendTorrent({ collection }: FormsParts, context: AdminContext): Promise<Answer> {
  const place = await collection.places.torrent(context.query.text('torrent'))
  context.require('edit', await collection.ownerOf(place))
  const file = await readRegular(place.path, DEFAULT_MAX_SIZE, null)
  if (!file) throw new BtkitError('not-found', `${place.name}: is not there any more`)
  return fileAnswer(file.bytes, place.name)
}

async function changeTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { form } = context
  const list = listOf(form)
  if (!form.has('torrent')) return context.seeOther(list, NONE_CHOSEN)
  if (form.text('act') === 'edit') return editingPage(parts, context).show(form)
  const act = ACTS.get(form.text('act'))
  if (!act) throw new BtkitError('usage', 'unknown action; load the page again')
  const result = await act(parts.collection, context, form.all('torrent'))
  return context.seeOther(list, result)
}

type Act = (collection: Collection, context: AdminContext, torrents: string[]) => Promise<Html>

/** The changes of the chosen torrents, which return the outcome in words. */
const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  [
    'move',
    async (collection, context, torrents) => {
      const to = context.form.text('to')
      if (to === '') throw new BtkitError('usage', 'no category was chosen to move to')
      const all = await moveTorrents(collection, context, torrents, to)
      const outcomes = all.filter(({ address, error }) => error !== null || dirname(address) !== to)
      if (outcomes.length === 0) return ALREADY_THERE
      const moved = outcomes.filter(({ error }) => error === null)
      const category = html`<a href="torrents${query({ in: to })}">Show the category</a>`
      return outcomeOf(outcomes, 'moved', [category, undoForm(moved, to, context.form)])
    },
  ],
  [
    'undo',
    async (collection, context, moves) => {
      const outcomes = moves.map(async (move) => {
        const [address = '', to = ''] = move.split(BACK_TO)
        return moveTorrents(collection, context, [address], to)
      })
      return outcomeOf((await Promise.all(outcomes)).flat(), 'moved back')
    },
  ],
  ['archive', async (...given) => outcomeOf(await archiveTorrents(...given, false), 'archived')],
  ['back', async (...given) => outcomeOf(await archiveTorrents(...given, true), 'restored')],
  ['delete', async (...given) => outcomeOf(await deleteTorrents(...given), 'deleted', UNDO)],
])

const UNDO = html`<a href="bin">Undo this in the bin</a>`

const ALREADY_THERE = html`<p class="note" role="status">They are in this category already.</p>`

/** Between the address of a moved torrent and its category before: no address has two slashes. */
const BACK_TO = '//'

/** A button that moves torrents back. */
function undoForm(moved: readonly { readonly address: string }[], to: string, form: Form) {
  if (moved.length === 0) return null
  return html`<form method="post" action="torrents">
    ${hiddenFields(form.only(...LIST_FIELDS))}
    ${moved.map(({ address }) => {
      const move = `${to}/${basename(address)}${BACK_TO}${dirname(address)}`
      return html`<input type="hidden" name="torrent" value="${fieldValue(move)}" />`
    })}
    <button name="act" value="undo">Undo</button>
  </form>`
}

/** Torrents that need a look, by the values of a field. */
const LOOKS: ReadonlyMap<string, readonly [title: string, isShown: (listed: Listed) => boolean]> =
  new Map([
    ['seeds', ['No seeds', ({ tracked, complete }) => tracked !== null && complete === 0]],
    ['untracked', ['Not tracked', ({ summary }) => summary === null]],
    ['banned', ['Banned', ({ summary, tracked }) => summary !== null && tracked === null]],
  ])

/** The torrents of all categories that need a look, by why; nothing of what none needs. */
export async function looksOf(parts: FormsParts) {
  const all = await torrentsIn(await parts.collection.places.list(), parts)
  return countLooks(all)
}

function countLooks(all: readonly Listed[]) {
  return [...LOOKS].flatMap(([look, [title, isShown]]) => {
    const count = all.filter(isShown).length
    return count > 0 ? [{ address: `torrents${query({ look })}`, look, title, count }] : []
  })
}

/**
 * The query has a category (`in`), words (`q`), why torrents need a look (`look`), the order, and
 * the number of the page.
 */
async function showTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { places } = parts.collection
  const { query: form } = context
  const category = form.text('in') === '' ? null : await places.category(form.text('in'))
  // A category that cannot be read is a mistake to report, unlike one below it
  if (category !== null) await places.requireReadable(category)
  const listed = await places.list()
  const order = parseListQuery(form.toString(), 'added', true)
  const isSearch = order.search !== ''
  // The tracker knows the times of its last look
  if (order.sort === 'added') await parts.changed()
  const all = await torrentsIn(listed, parts)
  const look = LOOKS.get(form.text('look'))
  const found = all.filter((each) => {
    const isHere = isSearch || !category || places.holds(category, each.within)
    return isHere && (look?.[1](each) ?? true)
  })
  const sorted = await sortRows(found, order.sort, order.isDescending)
  const shown = await listRows(sorted, order, {
    length: PER_PAGE,
    textOf: isSearch ? textOf : () => '',
  })
  const deleted = (await listBin(parts.collection)).length
  const view = { category, listed, shown, isSearch, form, order, looks: countLooks(all), deleted }
  const { total, totals } = shown
  const title = isSearch ? `Torrents with “${order.search}”` : (look?.[0] ?? category?.title)
  return context.page({
    title: title ?? WORDS.torrents,
    above: title === undefined ? [] : [{ address: 'torrents', title: WORDS.torrents }],
    sub: `${formatNumber(total)} · ${formatBytes(totals.size)}`,
    acts: actsOf(view, context),
    content: html`<div class="side">
      ${sideList(view)}
      <div>
        ${total === 0 ? nothing(view) : torrentsTable(parts, context, view)} ${pagesOf(view)}
      </div>
    </div>`,
  })
}

/** The buttons of a list of torrents. */
function actsOf({ category }: View, { may }: AdminContext): HtmlValue {
  const to = category && !category.root.isArchive ? category.address : ''
  const isNamed = category !== null && category.names.length > 0
  const change = isNamed
    ? html`<a class="button" href="categories${query({ category: category.address })}">Rename</a>`
    : html`<a class="button" href="categories">Categories</a>`
  return [
    may('organize') && change,
    html`<a class="button main" href="upload${query({ to })}">Add torrents</a>`,
  ]
}

function nothing({ category, isSearch }: View): Html {
  if (isSearch) return html`<p>No torrent has this in its name.</p>`
  if (category?.root.isArchive === true) return html`<p>Nothing is archived here.</p>`
  return html`<p>
    No torrents are here. <a href="upload${query({ to: category?.address ?? '' })}">Upload some</a>.
  </p>`
}

/** The categories with the numbers of torrents in them and below, and other lists. */
function sideList({ category, listed, isSearch, looks, deleted, form }: View): Html {
  const look = form.text('look')
  const current = isSearch || look !== '' ? null : (category?.address ?? '')
  const count = listed.reduce((sum, { torrents }) => sum + torrents.length, 0)
  const all = [{ address: '', names: [], title: 'All', level: 0, count }, ...listed]
  const item = (address: string, name: string, number: number, isCurrent: boolean, level = 0) => {
    const mark = isCurrent && html`aria-current="page"`
    return html`<li class="level-${Math.min(level, 5)}">
      <a href="${address}" ${mark}>${name} <span class="muted">${formatNumber(number)}</span></a>
    </li>`
  }
  return html`<nav class="categories" aria-label="Lists">
      <h2>Category</h2>
      <ul>
        ${all.map(({ address, names, title, level, ...each }) =>
          item(
            `torrents${query({ in: address })}`,
            names.at(-1) ?? title,
            each.count,
            address === current,
            level,
          ),
        )}
      </ul>
      ${looks.length > 0 && html`<h2>Needs a look</h2>`}
      <ul>
        ${looks.map((each) => item(each.address, each.title, each.count, each.look === look))}
      </ul>
      <h2>Elsewhere</h2>
      <ul>
        ${item('bin', 'Bin', deleted, false)}
      </ul>
    </nav>
    <form class="choice" method="get" action="torrents">
      <select name="in" aria-label="Category" data-go>
        ${all.map(({ address, title, ...each }) => {
          const mark = address === current && html`selected`
          const text = `${title} (${formatNumber(each.count)})`
          return html`<option value="${address}" ${mark}>${text}</option>`
        })}
      </select>
      <button>Show</button>
      <a class="button" href="bin">Bin</a>
    </form>`
}

function pagesOf({ shown, form }: View): Html | false {
  const address = (page: number) => listOf(form.with({ page: String(page) }))
  return renderPages(shown, address, 'Pages of torrents')
}

/** The torrents of a page, and how they were asked for. */
interface View {
  /** Null for all. */
  readonly category: Category | null
  /** All categories. */
  readonly listed: readonly ListedCategory[]
  readonly shown: ListedRows<Listed>
  /** Whether torrents of several categories are shown. */
  readonly isSearch: boolean
  readonly form: Form
  readonly order: ListQuery
  readonly looks: ReturnType<typeof countLooks>
  /** The number of torrents in the bin. */
  readonly deleted: number
}

/** A torrent, and what the user may do with it. */
interface Row extends Listed {
  /** The id of who added it; null for nobody. */
  readonly owner: string | null
  readonly isHeld: boolean
  readonly mayChange: boolean
  /** Where it is edited, and downloaded; null if that is impossible. */
  readonly edit: string | null
  readonly download: string | null
}

/** The torrents of a page, with buttons for the chosen ones. */
function torrentsTable(parts: FormsParts, context: AdminContext, view: View): Html {
  const { form, order, shown } = view
  const { owners, held } = parts.collection
  const rows = shown.items.map((each): Row => {
    const owner = owners.lastAt(each.path)
    const isHeld = held.holds(each.within.path, each.file)
    const isOwn = context.may('edit', owner)
    const mayChange = !isHeld && isOwn
    const download = isOwn ? fileAddress(addressOf(each)) : null
    const editing = form.only(...LIST_FIELDS).with({ torrent: addressOf(each) })
    const edit = mayChange && each.summary ? `edit?${editing.toString()}` : null
    return { ...each, owner, isHeld, mayChange, edit, download }
  })
  const where = ['in', 'q', 'look'].map((name) => keptField(name, form.text(name)))
  const table = renderTorrents({
    label: WORDS.torrents,
    hasNames: true,
    rows,
    order,
    page: ({ download, tracked }) => download ?? publicPage(parts, tracked),
    get: (row) => renderLink(row, context),
    place: (row) => aboutRow(row, parts, { context, view }),
    box: (row) => row.mayChange && rowBox('torrent', addressOf(row), row.name),
    chosen: rows.some(({ mayChange }) => mayChange) && chosenActs(parts, view),
  })
  return html`${sortForms(where)}
    <form method="post" action="torrents">
      ${where} ${orderFields(order, 'added')}
      <input type="hidden" name="page" value="${shown.page}" />
      ${table}
    </form>
    ${rows.every(({ mayChange }) => !mayChange) && html`<p class="muted">You cannot change these.</p>`}`
}

function addressOf({ within, file }: Listed): string {
  return `${within.address}/${file}`
}

/** The buttons for the chosen torrents. */
function chosenActs({ collection }: FormsParts, { listed, shown }: View): Html {
  const hasArchive = collection.places.roots.some(({ isArchive }) => isArchive)
  // A search may find both
  const isArchived = shown.items.some(({ within }) => within.root.isArchive)
  const isCurrent = shown.items.some(({ within }) => !within.root.isArchive)
  return html`<b data-sum aria-live="polite">The chosen torrents</b> ${actButton('edit', 'Edit')}
    ${moveField(listed)} ${hasArchive && isCurrent && actButton('archive', 'Archive')}
    ${isArchived && actButton('back', 'Restore')} ${actButton('delete', 'Delete', 'bad')}`
}

/** The longest name of content that is shown. File systems have at most 255 bytes. */
const LONGEST_NAME = 255

/** The words below the name of a torrent. */
function aboutRow(
  { within, summary, owner, isHeld, path, name }: Row,
  { bannedAt }: FormsParts,
  { context, view }: { readonly context: AdminContext; readonly view: View },
): HtmlValue {
  const isElsewhere = view.isSearch || view.category?.address !== within.address
  const list = html`<a href="torrents${query({ in: within.address })}">${within.title}</a>`
  const title = summary && clipText(summary.name, LONGEST_NAME)
  return dotted([
    isElsewhere && within.level > 0 && list,
    title === null ? NOT_TRACKED : title !== name && title,
    owner !== null && `by ${nameOfId(owner)}`,
    bannedAt(path) !== null && (context.may('ban') ? html`<a href="bans">banned</a>` : 'banned'),
    isHeld && `read-only: ${HELD}`,
  ])
}

const WHY = 'not tracked: not a torrent, not readable, a copy, or just added'
const NOT_TRACKED = html`<span class="bad">${WHY}</span>`

/** The way to edit a torrent, or else to its peers. */
function renderLink({ edit, tracked, name }: Row, { may }: AdminContext): HtmlValue {
  if (edit !== null) return html`<a href="${edit}" aria-label="Edit ${name}">Edit</a>`
  const peers = tracked && may('ban') && `peers${query({ of: tracked.infoHash })}`
  return peers && html`<a href="${peers}" aria-label="Peers of ${name}">Peers</a>`
}
