import { lstatSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { parseUnhashedTorrent } from '../../core/read-torrent.js'
import { BtkitError } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/read.js'
import { Form } from '../../pages/form.js'
import { renderTable, rowBox } from '../../pages/table.js'
import type { Paged } from '../../server/pages/sorting.js'
import { clipText } from '../../text/escape.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../text/html.js'
import { count, formatBytes, formatTime } from '../../text/quantity.js'
import type { SwarmRow } from '../../tracker/page/swarm-row.js'
import { TorrentLinks } from '../../tracker/page/torrent-links.js'
import type { AdminContext } from '../frame/visit.js'
import { HELD } from '../torrents/held.js'
import { SUFFIX } from '../torrents/names.js'
import type { Category } from '../torrents/places.js'
import { categoryField, query, type FormsParts } from './parts.js'

/** A torrent's file in a category. */
export interface Listed {
  readonly category: Category
  readonly name: string
}

/** The torrents of a page, and how they were asked for. */
export interface View {
  readonly category: Category
  readonly shown: Paged<Listed>
  /** Whether torrents of several categories are shown. */
  readonly isSearch: boolean
  readonly form: Form
}

/** The torrents of a page, with buttons for the chosen ones. */
export async function torrentsTable(
  parts: FormsParts,
  context: AdminContext,
  view: View,
): Promise<Html> {
  const { category, shown, isSearch, form } = view
  const swarms = await parts.swarmsAt(new Set(shown.items.map(pathOf)))
  const rows: HtmlValue[][] = []
  for (const each of shown.items) {
    // The tracker answers meanwhile
    await setImmediate()
    rows.push(row(parts, context, { ...each, isSearch, swarm: swarms.get(pathOf(each)) ?? null }))
  }
  const canChange = rows.some(([box]) => box !== false)
  return html`<form method="post" action="torrents">
    <input type="hidden" name="in" value="${fieldValue(category.address)}" />
    <input type="hidden" name="q" value="${fieldValue(form.text('q'))}" />
    <input type="hidden" name="page" value="${shown.page}" />
    <section>
      ${renderTable({
        label: 'Torrents',
        columns: [
          { title: '', kind: 'box' },
          { title: 'Torrent', kind: 'name' },
          { title: 'Size', kind: 'n' },
          { title: 'Seeds', kind: 'n' },
          { title: 'Downloaders', kind: 'n' },
          { title: 'Changed (UTC)', kind: 'date' },
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
      <button class="main" name="act" value="edit">Edit</button>
      <button name="act" value="delete">Delete</button>
      ${hasArchive && isCurrent && html`<button name="act" value="archive">Archive</button>`}
      ${isArchived && html`<button name="act" value="back">Take back</button>`}
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

function pathOf({ category, name }: Listed): string {
  return join(category.path, name)
}

interface Row extends Listed {
  readonly isSearch: boolean
  /** Null if the torrent is not tracked, or not yet. */
  readonly swarm: SwarmRow | null
}

function row(
  { collection, announce }: FormsParts,
  context: AdminContext,
  { category, name, isSearch, swarm }: Row,
): HtmlValue[] {
  const path = pathOf({ category, name })
  const facts = factsAt(path)
  const owner = collection.owners.lastAt(path)
  const title = collection.places.titleOf(category)
  const isHeld = collection.held.holds(category.path, name)
  const mayChange = !isHeld && context.may('edit', owner)
  const value = `${category.address}/${name}`
  const told = [
    isSearch && html`<a href="torrents${query({ in: category.address })}">${title}</a>`,
    facts.told,
    owner !== null && `by ${owner}`,
    swarm && html`<a href="${magnetOf(swarm, announce)}">magnet</a>`,
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

/** A magnet link that names the trackers of the torrent, or else this one. */
function magnetOf(swarm: SwarmRow, announce: string | null): string {
  const own = swarm.torrent?.trackers ?? []
  const announceUrls = own.length > 0 ? own : announce === null ? [] : [announce]
  return new TorrentLinks({ announceUrls, allowGet: false, root: '' }).magnet(swarm)
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
