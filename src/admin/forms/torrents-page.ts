import { lstatSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseUnhashedTorrent } from '../../core/read-torrent.js'
import { BtkitError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import { Form } from '../../pages/form.js'
import type { Answer } from '../../pages/frame.js'
import { paged, renderPages, type Paged } from '../../server/pages/paged.js'
import { renderTable, rowBox } from '../../pages/table.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../text/html.js'
import { count, formatBytes, formatTime } from '../../text/quantity.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { deleteTorrents } from '../torrents/bin.js'
import { archiveTorrents, moveTorrents } from '../torrents/categories.js'
import type { Outcome } from '../torrents/collection.js'
import { clipText } from '../../text/escape.js'
import { HELD } from '../torrents/held.js'
import { SUFFIX } from '../torrents/names.js'
import type { Category } from '../torrents/places.js'
import { editingPage } from './edit-page.js'
import { publishPage } from './publish-page.js'
import { categoryField, done, failures, query, type FormsParts } from './parts.js'

/** The torrents on a page. */
const PER_PAGE = 100

/** The page of torrents, from which some are chosen to be changed. */
export function torrentsRoutes(parts: FormsParts): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: 'torrents',
      menu: 'Torrents',
      handle: (context) => showTorrents(parts, context, { form: context.query }),
    },
    { method: 'POST', path: 'torrents', handle: (context) => changeTorrents(parts, context) },
  ]
}

async function changeTorrents(parts: FormsParts, context: AdminContext): Promise<Answer> {
  const { collection } = parts
  const { form } = context
  const torrents = form.all('torrent')
  const act = form.text('act')
  if (torrents.length === 0) throw new BtkitError('usage', 'no torrent was chosen; check its box')
  if (act === 'edit') return editingPage(parts, context).show(form)
  if (act === 'publish') return publishPage(parts, context).show(form)
  const acts: Record<string, () => Promise<Told>> = {
    move: async () =>
      told(await moveTorrents(collection, context, { torrents, to: form.text('to') }), 'moved'),
    archive: async () =>
      told(await archiveTorrents(collection, context, { torrents, isBack: false }), 'archived'),
    back: async () =>
      told(await archiveTorrents(collection, context, { torrents, isBack: true }), 'taken back'),
    delete: async () => told(await deleteTorrents(collection, context, torrents), 'deleted', BIN),
  }
  const chosen = Object.hasOwn(acts, act) ? acts[act] : undefined
  if (!chosen) throw new BtkitError('usage', 'this cannot be done with torrents')
  const result = await chosen()
  parts.changed()
  const shown = new Form({ in: form.text('in'), q: form.text('q'), page: form.text('page') })
  return showTorrents(parts, context, { form: shown, result })
}

const BIN = html`<a href="bin">Undo this in the bin</a>`

/** The outcome of a change in words. */
type Told = Html

function told(outcomes: readonly Outcome[], verb: string, undo: Html | null = null): Told {
  const changed = outcomes.some(({ error }) => error === null)
  return html`${done(outcomes, verb)} ${changed && undo} ${failures(outcomes)}`
}

interface Shown {
  /** The category (`in`), a part of names (`q`), and the number of the page. */
  readonly form: Form
  readonly result?: Html
}

async function showTorrents(
  parts: FormsParts,
  context: AdminContext,
  { form, result }: Shown,
): Promise<Answer> {
  const { places } = parts.collection
  const category = places.category(form.text('in') || '0')
  const wanted = form.text('q').toLowerCase()
  const names = places.torrentNames(category).filter((name) => name.toLowerCase().includes(wanted))
  const wantedPage = Math.max(1, Math.trunc(Number(form.text('page'))) || 1)
  const view = { category, names: paged(names, wantedPage, PER_PAGE), form }
  return context.page({
    title: 'Torrents',
    content: html`${result ?? null}
      <div class="shelf">
        ${categoryList(parts, category)}
        <div>
          ${toolbar(view)}
          ${names.length === 0 ? nothing(wanted) : await table(parts, context, view)}
        </div>
      </div>`,
  })
}

interface View {
  readonly category: Category
  readonly names: Paged<string>
  readonly form: Form
}

function nothing(wanted: string): Html {
  return wanted === ''
    ? html`<p>No torrents are here. <a href="upload">Upload some</a>.</p>`
    : html`<p>No torrent here has this in its name.</p>`
}

/** The categories with numbers of torrents. */
function categoryList({ collection: { places } }: FormsParts, current: Category): Html {
  const items = places.list().map((each) => {
    const isCurrent = each.address === current.address && html` aria-current="page"`
    const name = each.names.at(-1) ?? places.titleOf(each)
    return html`<li class="level-${Math.min(each.names.length, 5)}">
      <a href="torrents${query({ in: each.address })}" ${isCurrent}>${name}</a>
      <span class="muted">${places.countIn(each)}</span>
    </li>`
  })
  return html`<nav class="categories" aria-label="Categories">
    <ul>
      ${items}
    </ul>
  </nav>`
}

function toolbar({ category, form, names }: View): Html {
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
    ${renderPages(names, address, 'Pages of torrents')}
  </div>`
}

async function table(parts: FormsParts, context: AdminContext, view: View): Promise<Html> {
  const { category, names, form } = view
  const rows: HtmlValue[][] = []
  for (const name of names.items) {
    // The tracker answers meanwhile
    await setImmediate()
    rows.push(row(parts, context, { category, name }))
  }
  const { archive } = parts.collection.places
  const isArchived = category.root.isArchive
  return html`<form method="post" action="torrents">
    <input type="hidden" name="in" value="${fieldValue(category.address)}" />
    <input type="hidden" name="q" value="${fieldValue(form.text('q'))}" />
    <input type="hidden" name="page" value="${names.page}" />
    <section>
      ${renderTable({
        label: 'Torrents',
        columns: [
          { title: '', kind: 'box' },
          { title: 'Torrent', kind: 'name' },
          { title: 'Size', kind: 'n' },
          { title: 'Changed (UTC)', kind: 'date' },
          { title: 'Added by' },
        ],
        rows,
      })}
    </section>
    <section class="chosen" aria-label="Do with the chosen torrents">
      <div class="acts">
        <button class="main" name="act" value="edit">Edit</button>
        <button name="act" value="delete">Delete</button>
        ${parts.clients.length > 0 && html`<button name="act" value="publish">Publish</button>`}
        ${archive !== null && !isArchived && html`<button name="act" value="archive">Archive</button>`}
        ${isArchived && html`<button name="act" value="back">Take back</button>`}
        <span class="with">
          ${categoryField(new Form({ to: category.address }), parts.collection, {
            name: 'to',
            label: 'Move to',
          })}
          <button name="act" value="move">Move</button>
        </span>
      </div>
    </section>
  </form>`
}

function row(
  { collection }: FormsParts,
  context: AdminContext,
  { category, name }: { readonly category: Category; readonly name: string },
): HtmlValue[] {
  const path = join(category.path, name)
  const facts = factsAt(path)
  const owner = collection.owners.lastAt(path)
  const isHeld = collection.held.holds(category.path, name)
  const mayChange = !isHeld && context.may('edit', owner)
  const value = `${category.address}/${name}`
  return [
    mayChange && rowBox({ name: 'torrent', value, label: name }),
    html`${name}<br /><span class="muted">${facts.told}</span>
      ${isHeld && html`<br /><small class="muted">Read-only: ${HELD}.</small>`}`,
    facts.size,
    facts.changed,
    owner ?? (isHeld ? 'completedir' : ''),
  ]
}

/** The longest name of content that is shown. File systems have at most 255 bytes. */
const LONGEST_NAME = 255

function factsAt(path: string) {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  const changed = stats ? formatTime(stats.mtimeMs) : ''
  try {
    const {
      name: whole,
      size,
      files,
    } = parseUnhashedTorrent(readBoundedRegular(path, DEFAULT_MAX_SIZE), path, DEFAULT_MAX_SIZE)
    const name = clipText(whole, LONGEST_NAME)
    const isOther = basename(path) !== `${name}${SUFFIX}`
    const number = count(files.filter(({ padding }) => !padding).length, 'file')
    const told = html`${isOther && `${name}, `}${number}`
    return { told, size: formatBytes(size), changed }
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return {
      told: html`<span class="bad">not a torrent, or not readable</span>`,
      size: '',
      changed,
    }
  }
}
