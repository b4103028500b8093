import type { Collection } from '../storage/collection.js'
import type { Category } from '../storage/places.js'
import { type Choice, type Form, selectField } from '../../../pages/forms/form.js'
import type { Jobs } from '../../../pages/forms/jobs.js'
import type { Preset } from '../../../pages/forms/torrent-fields.js'
import { WORDS } from '../../../page-parts/words.js'
import { html, type Html } from '../../../base/text/html.js'
import type { WorkThread } from '../../../pages/work/work-thread.js'
import type { AllowedTorrent } from '../../allowed/allowed-torrent.js'
import type { FreshSnapshot } from '../../pages/overview/snapshot.js'

/** The parts that the pages about torrents share. */
export interface FormsParts {
  readonly collection: Collection
  readonly jobs: Jobs
  /** The thread that does what takes long. */
  readonly work: WorkThread
  /** Real paths of the directories whose files may become torrents. */
  readonly makeFrom: readonly string[]
  readonly presets: readonly Preset[]
  /** The announce URL for torrents that are made here; null if it is not known. */
  readonly announce: string | null
  /** Whether the tracker shows its torrents to nobody, so that they are probably meant for few. */
  readonly isClosed: boolean
  /** All announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The URL of the tracker's first page, with a slash at its end; null if it shows no pages. */
  readonly publicRoot: string | null
  /** The figures of all torrents. */
  readonly snapshots: FreshSnapshot
  /** The banned torrent at a path; null if there is none. */
  readonly bannedAt: (path: string) => AllowedTorrent | null
  /** Resolves if all directories answer; see reachableDirectories. */
  readonly reachable: () => Promise<void>
  /** Resolves when the tracker has looked at its directories. */
  readonly changed: () => Promise<void>
}

/** A list of categories to choose from; `isArchived` adds those of the archive. */
export async function categoryField(
  form: Form,
  { places }: Collection,
  field: { readonly name: string; readonly label: string; readonly isArchived?: boolean },
): Promise<Html> {
  const choices = choicesOf(await places.list(), field.isArchived)
  return selectField(form, { ...field, choices })
}

/** The addresses and titles of categories; `isArchived` adds those of the archive. */
export function choicesOf(listed: readonly Category[], isArchived = false): Choice[] {
  const shown = listed.filter(({ root }) => isArchived || !root.isArchive)
  return shown.map(({ address, title }) => [address, title])
}

/** A button of a form of which only a move needs a place. */
export function actButton(act: string, text: string, style = ''): Html {
  return html`<button class="${style}" name="act" value="${act}" formnovalidate>${text}</button>`
}

/** The list of categories to move to, with its button. */
export function moveField(listed: readonly Category[]): Html {
  const choices = choicesOf(listed)
  return html`<select name="to" aria-label="Move to" required>
      <option value="">Move to…</option>
      ${choices.map(([value, text]) => html`<option value="${value}">${text}</option>`)}
    </select>
    <button name="act" value="move">Move</button>`
}

/** The head of the two pages that add torrents, which lead to each other. */
export function addTop({ makeFrom }: Pick<FormsParts, 'makeFrom'>, current: 'upload' | 'make') {
  const ways = [
    ['upload', 'Upload .torrent files'],
    ['make', 'Create from files here'],
  ] as const
  const links = ways.map(([path, text]) => {
    return html`<a href="${path}" ${path === current && html`aria-current="page"`}>${text}</a>`
  })
  return {
    title: 'Add torrents',
    above: [{ address: 'torrents', title: WORDS.torrents }],
    acts: makeFrom.length > 0 && html`<nav class="chips" aria-label="Ways">${links}</nav>`,
  }
}
