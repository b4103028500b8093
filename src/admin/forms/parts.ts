import { basename } from 'node:path'
import type { Form } from '../../pages/form.js'
import { selectField } from '../../pages/form.js'
import type { Jobs } from '../../pages/jobs.js'
import type { PickRules } from '../../pages/picker.js'
import type { Preset } from '../../pages/torrent-fields.js'
import { html, type Html } from '../../text/html.js'
import { count } from '../../text/quantity.js'
import type { SwarmRow } from '../../tracker/page/swarm-row.js'
import type { AdminContext } from '../frame/visit.js'
import type { Collection } from '../torrents/collection.js'
import { settleDirectory } from '../torrents/source.js'

/** The parts that the pages about torrents share. */
export interface FormsParts {
  readonly collection: Collection
  readonly jobs: Jobs
  /** Real paths of the directories whose files may become torrents. */
  readonly makeFrom: readonly string[]
  readonly presets: readonly Preset[]
  /** The announce URL for torrents that are made here; null if it is not known. */
  readonly announce: string | null
  /** The swarms of the tracked torrents at some paths, by path. */
  readonly swarmsAt: (paths: ReadonlySet<string>) => Promise<ReadonlyMap<string, SwarmRow>>
  /** Makes the tracker look at its directories soon. */
  readonly changed: () => void
}

/** A list of categories to choose from; `isArchived` adds those of the archive. */
export function categoryField(
  form: Form,
  { places }: Collection,
  field: { readonly name: string; readonly label: string; readonly isArchived?: boolean },
): Html {
  const listed = places.list().filter(({ root }) => field.isArchived === true || !root.isArchive)
  const choices = listed.map((each) => [each.address, places.titleOf(each)] as const)
  return selectField(form, { ...field, choices })
}

/** The rules of pickers that stay below the directories whose files may become torrents. */
export function pickingBelow(
  makeFrom: readonly string[],
  { page }: Pick<AdminContext, 'page'>,
  action: string,
): PickRules {
  const settle = (directory: string) => settleDirectory(makeFrom, directory)
  return { page, action, places: makeFrom, begin: makeFrom[0] ?? '/', settle }
}

/** Says what was done to several torrents, and why others were not changed. */
export function outcomeOf(
  outcomes: readonly { readonly address: string; readonly error: Error | null }[],
  verb: string,
  more?: Html,
): Html {
  const failed = outcomes.flatMap(({ address, error }) => (error ? [{ address, error }] : []))
  const changed = outcomes.length - failed.length
  const done = html`<p class="note" role="status">
    ${count(changed, 'torrent')} ${verb}. ${more ?? null}
  </p>`
  const failures = html`<section role="alert">
    <h2>${count(failed.length, 'torrent')} not changed</h2>
    <ul>
      ${failed.map(({ address, error }) => failureItem(basename(address), error))}
    </ul>
  </section>`
  return html`${changed > 0 && done} ${failed.length > 0 && failures}`
}

function failureItem(name: string, { message }: Error): Html {
  const start = message.startsWith(name) ? null : html`<span class="name">${name}</span>: `
  return html`<li>${start}<span class="bad">${message}</span></li>`
}

/** Returns fields for an address, such as `?in=0%2Flinux`. */
export function query(fields: Readonly<Record<string, string>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
