import { basename } from 'node:path'
import { formRoutes } from '../../../pages/forms/app.js'
import { changesOf, checkChosen, editedPage, editPage } from '../../../pages/forms/edit.js'
import { editedOf, openTorrent } from '../../../pages/work/opened.js'
import type { FormPage } from '../../../pages/forms/picker.js'
import { type Form, query } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { fileAddress, LIST_FIELDS, listOf, outcomeOf } from './outcome.js'
import type { FormsParts } from './parts.js'
import { renderCard } from '../../../page-parts/layout.js'
import {
  hashFacts,
  renderActs,
  renderFacts,
  renderSwarm,
  renderItem,
} from '../../../page-parts/item.js'
import { renderIfKnown } from '../../../page-parts/time.js'
import { counted } from '../../../base/text/quantity.js'
import { actButton, moveField } from './parts.js'
import { WORDS } from '../../../page-parts/words.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../../base/text/html.js'
import type { SwarmRow } from '../../pages/overview/swarm-row.js'
import { TorrentLinks } from '../../pages/overview/torrent-links.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { openTorrents, editTorrents } from '../storage/edit-torrents.js'

/** The pages that edit torrents: fields, then what would change, then the change. */
export function editRoutes(parts: FormsParts): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'edit',
    under: 'torrents',
    page: (context) => editingPage(parts, context),
  })
}

/** The page of the torrents that a form names. */
export function editingPage(parts: FormsParts, context: AdminContext): FormPage {
  const show = async (form: Form) => {
    const torrents = await openTorrents(parts.collection, context, chosenIn(form))
    const [only, ...others] = torrents
    const page = editPage(form, {
      torrents,
      titleOf: basename,
      carried: [...LIST_FIELDS, 'torrent'],
    })
    const above = [{ address: listOf(form), title: WORDS.torrents }]
    const isOne = only !== undefined && others.length === 0
    const content = isOne ? await itemOf(only.file, page.content, parts, context) : page.content
    return context.page({ ...page, above, content })
  }
  return {
    show,
    act: (form) => {
      const act = form.text('act')
      const isDry = act === 'preview'
      return isDry || act === 'save' ? edit(parts, context, isDry) : show(form)
    },
  }
}

/** The page of a torrent, with the form that edits it. */
async function itemOf(
  address: string,
  form: HtmlValue,
  parts: FormsParts,
  context: AdminContext,
): Promise<Html> {
  const { path, category } = await parts.collection.own(context, address)
  const row = (await parts.snapshots.get()).byPath.get(path)
  const page = publicPage(parts, row)
  const link = (to: string, text: string) => html`<a class="button" href="${to}">${text}</a>`
  const more = html`${page !== null && link(page, 'Public page')}
  ${row !== undefined && context.may('ban') && link(`peers${query({ of: row.infoHash })}`, 'Peers')}
  ${actButton('delete', 'Delete', 'bad')} ${moveField(await parts.collection.places.list())}`
  const magnet = row ? linksOf(parts, row).magnet(row) : null
  const acts = html`<form method="post" action="torrents">
    <input type="hidden" name="torrent" value="${fieldValue(address)}" />
    ${renderActs({ magnet, torrent: fileAddress(address), isAlone: true, isAside: true, more })}
  </form>`
  const facts = renderFacts([
    ['Category', html`<a href="torrents${query({ in: category.address })}">${category.title}</a>`],
    ...hashFacts(row?.summary ?? { infoHash: null, infoHashV2: null }),
    [WORDS.size, row?.size != null && counted(row.size, 'byte')],
    [WORDS.added, renderIfKnown(row?.summary?.addedMs ?? null)],
  ])
  const swarm = row && {
    seeds: row.complete,
    leechers: row.downloading,
    completed: row.downloaded,
    size: row.size,
    month: parts.snapshots.monthOf(row),
  }
  return renderItem(acts, form, [swarm ? renderSwarm(swarm) : null, renderCard(WORDS.facts, facts)])
}

/** The page of a tracked torrent at the tracker; null if there is none. */
export function publicPage(parts: FormsParts, row: SwarmRow | null | undefined): string | null {
  return row && parts.publicRoot !== null ? linksOf(parts, row).page(row) : null
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

/** The torrents that a form names, and their values. */
function chosenIn(form: Form) {
  return { torrents: checkChosen(form.all('torrent')), open: openTorrent }
}

async function edit(parts: FormsParts, context: AdminContext, isDry: boolean): Promise<Answer> {
  const { form } = context
  const outcomes = await editTorrents(parts.collection, context, {
    ...chosenIn(form),
    changesOf: (opened) => changesOf(form, opened),
    isDry,
  })
  const edited = outcomes.flatMap(editedOf)
  if (isDry) {
    const named = edited.map((each) => ({ ...each, file: basename(each.file) }))
    return context.page(editedPage(form, named, isDry))
  }
  const done = outcomes.flatMap((each) => {
    return each.error !== null || each.isChanged ? { address: each.file, error: each.error } : []
  })
  return context.seeOther(listOf(form), outcomeOf(done, 'changed'))
}
