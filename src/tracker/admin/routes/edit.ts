import { basename } from 'node:path'
import { formRoutes } from '../../../pages/forms/app.js'
import { changesOf, checkChosen, editedPage, editPage } from '../../../pages/forms/edit.js'
import { editedOf, openTorrent } from '../../../pages/work/opened.js'
import type { FormPage } from '../../../pages/forms/picker.js'
import { type Form, query } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { fileAddress, LIST_FIELDS, listOf, outcomeOf } from './outcome.js'
import type { FormsParts } from './parts.js'
import { WORDS } from '../../../page-parts/words.js'
import { html, type Html } from '../../../base/text/html.js'
import type { SwarmRow } from '../../pages/overview/swarm-row.js'
import { TorrentLinks } from '../../pages/overview/torrent-links.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { openTorrents, editTorrents } from '../storage/edit-torrents.js'

/** The pages that edit torrents: fields, then what would change, then the change. */
export function editRoutes(parts: FormsParts): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'edit',
    page: (context) => editingPage(parts, context),
  })
}

/** The page of the torrents that a form names. */
export function editingPage(parts: FormsParts, context: AdminContext): FormPage {
  const show = async (form: Form) => {
    const torrents = await openTorrents(parts.collection, context, chosenIn(form))
    const [only, ...others] = torrents
    const isOne = only !== undefined && others.length === 0
    const more = isOne && (await waysTo(only.file, parts, context))
    const carried = [...LIST_FIELDS, 'torrent']
    return context.page(editPage(form, { torrents, titleOf: basename, carried, more }))
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

/** The links to a torrent, and to its swarm if it is tracked. */
async function waysTo(address: string, parts: FormsParts, context: AdminContext): Promise<Html> {
  const { path } = await parts.collection.own(context, address)
  const row = (await parts.snapshots.get()).byPath.get(path)
  const page = publicPage(parts, row)
  const swarm =
    row &&
    html`<a href="${linksOf(parts, row).magnet(row)}">Magnet</a>
      ${page !== null && html`<a href="${page}">Public page</a>`}
      ${context.may('ban') && html`<a href="peers${query({ of: row.infoHash })}">Peers</a>`}`
  return html`<a href="${fileAddress(address)}">${WORDS.downloadTorrent}</a> ${swarm ?? null}`
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
  await parts.changed()
  const done = outcomes.flatMap((each) => {
    return each.error !== null || each.isChanged ? { address: each.file, error: each.error } : []
  })
  return context.seeOther(listOf(form), outcomeOf(done, 'changed'))
}
