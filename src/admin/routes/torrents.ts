import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { deleteTorrents } from '../storage/bin.js'
import { archiveTorrents, moveTorrents } from '../storage/categories.js'
import { editingPage } from './edit.js'
import {
  BY_NAME,
  inCategory,
  inOrder,
  type Listed,
  type ListedKey,
  orderOf,
  pathOf,
  search,
} from './listed.js'
import { type FormsParts, categoryField, listOf, NONE_CHOSEN, outcomeOf } from './parts.js'
import { HELD } from '../../state/held.js'
import { type Category, type Places, SUFFIX } from '../storage/places.js'
import { parseUnhashedTorrent } from '../../core/read-torrent.js'
import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/check.js'
import { Form, query } from '../../pages/form.js'
import type { Answer } from '../../pages/frame.js'
import { renderTable, rowBox } from '../../pages/table.js'
import {
  type ListOrder,
  orderFields,
  type Paged,
  paged,
  renderPages,
  sortHeading,
} from '../../server/views/sorting.js'
import { clipText } from '../../text/escape.js'
import { type Html, type HtmlValue, fieldValue, html } from '../../text/html.js'
import { counted, formatBytes, formatTime, formatNumber } from '../../text/quantity.js'
import { type SwarmRow, TorrentLinks } from '../../tracker/page/torrent-rows.js'

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
      const outcomes = await moveTorrents(collection, context, { torrents, to })
      const category = html`<a href="torrents${query({ in: to })}">Show the category</a>`
      return outcomeOf(outcomes, 'moved', category)
    }
    case 'archive':
    case 'back': {
      const isBack = form.text('act') === 'back'
      const outcomes = await archiveTorrents(collection, context, { torrents, isBack })
      return outcomeOf(outcomes, isBack ? 'restored' : 'archived')
    }
    case 'delete': {
      const undo = html`<a href="bin">Undo this in the bin</a>`
      return outcomeOf(await deleteTorrents(collection, context, torrents), 'deleted', undo)
    }
    default:
      throw new BtkitError('usage', 'unknown action; load the page again')
  }
}

/** The query has a category (`in`), a part of names (`q`), the order, and the number of the page. */
async function showTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { places } = parts.collection
  const { query: form } = context
  const category = places.category(form.text('in') || firstFilled(places))
  const wanted = form.text('q').toLowerCase()
  const found = wanted === '' ? inCategory(places, category) : search(places, wanted)
  const order = orderOf(form)
  const shown = paged(await inOrder(found, order, parts), order.page, PER_PAGE)
  const view = { category, shown, isSearch: wanted !== '', form, order }
  return context.page({
    title: `Torrents: ${view.isSearch ? form.text('q') : places.titleOf(category)}`,
    content: html`<div class="shelf">
      ${categoryList(parts, view.isSearch ? null : category.address)}
      <div>
        ${toolbar(view)}
        ${found.length === 0 ? nothing(view) : await torrentsTable(parts, context, view)}
        ${pagesOf(view)}
      </div>
    </div>`,
  })
}

/** The address of the first category that has torrents, or else of the first one. */
function firstFilled(places: Places): string {
  const filled = places.list().find((each) => places.namesIfReadable(each).length > 0)
  return filled?.address ?? '0'
}

function nothing({ category: { address, root }, isSearch }: View): Html {
  if (isSearch) return html`<p>No torrent has this in its name.</p>`
  if (root.isArchive) return html`<p>Nothing is archived here.</p>`
  return html`<p>
    No torrents are here. <a href="upload${query({ to: address })}">Upload some</a>.
  </p>`
}

/** The categories with numbers of torrents. */
function categoryList({ collection: { places } }: FormsParts, current: string | null): Html {
  const items = places.list().map((each) => {
    const isCurrent = each.address === current && html` aria-current="page"`
    const name = each.names.at(-1) ?? places.titleOf(each)
    return html`<li class="level-${Math.min(places.levelOf(each), 5)}">
      <a href="torrents${query({ in: each.address })}" ${isCurrent}>${name}</a>
      <span class="muted">${formatNumber(places.namesIfReadable(each).length)}</span>
    </li>`
  })
  return html`<nav class="categories" aria-label="Categories">
    <ul>
      ${items}
    </ul>
  </nav>`
}

function pagesOf(view: View): Html | false {
  const address = (page: number) => addressOf(view, { ...view.order, page })
  return renderPages(view.shown, address, 'Pages of torrents')
}

/** The address of the same torrents in an order, or of another page of them. */
function addressOf({ category, form }: View, { sort, isDescending, page }: View['order']): string {
  return `torrents${query({
    in: category.address,
    q: form.text('q'),
    sort: sort === BY_NAME ? '' : sort,
    order: isDescending ? 'desc' : '',
    page: String(page),
  })}`
}

function toolbar(view: View): Html {
  const { category, form, order } = view
  return html`<div class="tools">
    <form method="get" action="torrents" role="search">
      <input type="hidden" name="in" value="${fieldValue(category.address)}" />
      ${orderFields(order, BY_NAME)}
      <input
        type="search"
        name="q"
        value="${fieldValue(form.text('q'))}"
        placeholder="Part of a name"
        aria-label="Part of a name"
      />
      <button>Search</button>
    </form>
    ${pagesOf(view)}
  </div>`
}

/** The torrents of a page, and how they were asked for. */
interface View {
  readonly category: Category
  readonly shown: Paged<Listed>
  /** Whether torrents of several categories are shown. */
  readonly isSearch: boolean
  readonly form: Form
  readonly order: ListOrder<ListedKey>
}

/** The torrents of a page, with buttons for the chosen ones. */
async function torrentsTable(parts: FormsParts, context: AdminContext, view: View): Promise<Html> {
  const { category, shown, isSearch, form, order } = view
  const swarms = await parts.swarmsAt(new Set(shown.items.map(pathOf)))
  const rows: HtmlValue[][] = []
  for (const each of shown.items) {
    // The tracker answers meanwhile
    await setImmediate()
    const swarm = swarms.get(pathOf(each)) ?? null
    rows.push(await row(parts, context, { ...each, isSearch, swarm }))
  }
  const sorted = (key: ListedKey, title: string, kind: 'name' | 'n' | 'date') => {
    const column = { key, title, style: kind }
    return { title, kind, heading: sortHeading(column, order, (by) => addressOf(view, by)) }
  }
  const canChange = rows.some(([box]) => box !== false)
  return html`<form method="post" action="torrents">
    <input type="hidden" name="in" value="${fieldValue(category.address)}" />
    <input type="hidden" name="q" value="${fieldValue(form.text('q'))}" />
    ${orderFields(order, BY_NAME)}
    <input type="hidden" name="page" value="${shown.page}" />
    <section>
      ${renderTable({
        label: 'Torrents',
        columns: [
          { title: '', kind: 'box' },
          sorted(BY_NAME, 'Torrent', 'name'),
          sorted('size', 'Size', 'n'),
          sorted('complete', 'Seeds', 'n'),
          sorted('downloading', 'Leechers', 'n'),
          sorted('changed', 'Changed (UTC)', 'date'),
        ],
        rows,
      })}
    </section>
    ${canChange ? acts(parts, view) : html`<p class="muted">You cannot change these.</p>`}
  </form>`
}

function acts({ collection }: FormsParts, { category, shown }: View): Html {
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
        ${categoryField(new Form({ to: category.address }), collection, {
          name: 'to',
          label: 'Move to',
        })}
        <button name="act" value="move">Move</button>
      </span>
    </div>
  </section>`
}

interface Row extends Listed {
  readonly isSearch: boolean
  /** Null if the torrent is not tracked, or not yet. */
  readonly swarm: SwarmRow | null
}

async function row(
  { collection, announce, isBannedAt }: FormsParts,
  context: AdminContext,
  { category, name, isSearch, swarm }: Row,
): Promise<HtmlValue[]> {
  const path = pathOf({ category, name })
  const facts = await factsAt(path)
  const owner = collection.owners.lastAt(path)
  const title = collection.places.titleOf(category)
  const isHeld = collection.held.holds(category.path, name)
  const mayChange = !isHeld && context.may('edit', owner)
  const value = `${category.address}/${name}`
  const told = [
    isSearch && html`<a href="torrents${query({ in: category.address })}">${title}</a>`,
    facts.told,
    owner !== null && `by ${owner}`,
    isBannedAt(path) && (context.may('ban') ? html`<a href="bans">banned</a>` : 'banned'),
    swarm && html`<a href="${magnetOf(swarm, announce)}">magnet</a>`,
    swarm && context.may('ban') && peersLink(swarm, name),
    swarm && context.may('ban') && banLink(swarm, name),
  ].filter((each) => each !== false && each !== null)
  return [
    mayChange && rowBox({ name: 'torrent', value, label: name }),
    html`${name}<br /><span class="muted"> ${told.map((each, at) => [at > 0 && ', ', each])} </span>
      ${isHeld && html`<br /><small class="muted">Read-only: ${HELD}.</small>`}`,
    facts.size,
    swarm?.complete ?? '–',
    swarm?.downloading ?? '–',
    facts.changed,
  ]
}

function peersLink({ infoHash }: SwarmRow, name: string): Html {
  return html`<a href="peers${query({ of: infoHash })}" aria-label="Peers of ${name}">peers</a>`
}

/** Leads to the form that bans a torrent. */
function banLink({ infoHash }: SwarmRow, name: string): Html {
  const address = `bans${query({ kind: 'torrents', torrents: infoHash })}`
  return html`<a href="${address}" aria-label="Ban ${name}">ban</a>`
}

/** A magnet link that names the trackers of the torrent, or else this one. */
function magnetOf(swarm: SwarmRow, announce: string | null): string {
  const own = swarm.torrent?.trackers ?? []
  const announceUrls = own.length > 0 ? own : announce === null ? [] : [announce]
  return new TorrentLinks(announceUrls, '', { allowGet: false, mirror: null }).magnet(swarm)
}

/** The longest name of content that is shown. File systems have at most 255 bytes. */
const LONGEST_NAME = 255

/** The words of a row about a torrent's file. */
interface Facts {
  readonly told: Html
  readonly size: string
}

/** The words of rows, by path and state of the file: to read a hundred torrents again takes seconds. */
const known = new LRUCache<string, Facts>({ max: 10_000 })

async function factsAt(path: string): Promise<Facts & { readonly changed: string }> {
  const stats = await lstat(path).catch(() => null)
  const changed = stats ? formatTime(stats.mtimeMs) : ''
  const key = [path, stats?.ino, stats?.size, stats?.mtimeMs, stats?.ctimeMs].join('\0')
  const facts = known.get(key) ?? (await readFacts(path))
  known.set(key, facts)
  return { ...facts, changed }
}

async function readFacts(path: string): Promise<Facts> {
  try {
    const file = await readRegular(path, DEFAULT_MAX_SIZE, null)
    const bytes = file?.bytes ?? new Uint8Array(0)
    const { name: whole, size, files } = parseUnhashedTorrent(bytes, path, DEFAULT_MAX_SIZE)
    const name = clipText(whole, LONGEST_NAME)
    const isOther = basename(path) !== `${name}${SUFFIX}`
    const number = counted(files.filter(({ padding }) => !padding).length, 'file')
    return { told: html`${isOther && `${name}, `}${number}`, size: formatBytes(size) }
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return { told: html`<span class="bad">not a torrent, or not readable</span>`, size: '' }
  }
}
