import { availableParallelism } from 'node:os'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import type { AdminContext } from '../frame/visit.js'
import type { Collection } from '../storage/collection.js'
import { type Category, type Places, shownName } from '../storage/places.js'
import { BtkitError } from '../../../base/errors.js'
import { isWithin, resolveInside } from '../../../disk/look/inside.js'
import { type Choice, type Form, query, selectField } from '../../../pages/forms/form.js'
import { problem } from '../../../pages/forms/frame.js'
import type { Jobs } from '../../../pages/forms/jobs.js'
import { type PickRules, typedPath } from '../../../pages/forms/picker.js'
import type { Preset } from '../../../pages/forms/torrent-fields.js'
import { quoteText } from '../../../base/text/escape.js'
import { type Html, html } from '../../../base/text/html.js'
import { counted } from '../../../base/text/quantity.js'
import type { WorkThread } from '../../../pages/work/work-thread.js'
import type { SwarmRow } from '../../pages/overview/swarm-row.js'

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
  /** All announce URLs of the tracker for clients. */
  readonly announceUrls: readonly string[]
  /** The URL of the tracker's first page, with a slash at its end; null if it shows no pages. */
  readonly publicRoot: string | null
  /** The swarms of the tracked torrents at some paths, by path. */
  readonly swarmsAt: (paths: ReadonlySet<string>) => Promise<ReadonlyMap<string, SwarmRow>>
  /** The banned info hash of the torrent at a path; null if it is not banned. */
  readonly bannedAt: (path: string) => string | null
  /** Resolves if all directories answer; see reachableDirectories. */
  readonly reachable: () => Promise<void>
  /** Makes the tracker look at its directories soon. */
  readonly changed: () => void
}

/** A form as it was sent, and why it could not be done. */
export interface FilledForm {
  readonly form: Form
  readonly error?: BtkitError | undefined
}

/** A list of categories to choose from; `isArchived` adds those of the archive. */
export async function categoryField(
  form: Form,
  { places }: Collection,
  field: { readonly name: string; readonly label: string; readonly isArchived?: boolean },
): Promise<Html> {
  return selectField(form, { ...field, choices: await categoryChoices(places, field.isArchived) })
}

/** The addresses and titles of categories; `isArchived` adds those of the archive. */
export async function categoryChoices(places: Places, isArchived = false): Promise<Choice[]> {
  return choicesOf(places, await places.list(), isArchived)
}

/** The same of categories that were listed already, which takes a while if there are thousands. */
export function choicesOf(
  places: Places,
  listed: readonly Category[],
  isArchived = false,
): Choice[] {
  const shown = listed.filter(({ root }) => isArchived || !root.isArchive)
  return shown.map((each) => [each.address, places.titleOf(each)])
}

/** The rules of pickers that stay below the directories whose files may become torrents. */
export function pickingBelow(
  makeFrom: readonly string[],
  { page }: Pick<AdminContext, 'page'>,
): PickRules {
  const settle = (directory: string) => settleDirectory(makeFrom, directory)
  return { page, action: 'make', places: makeFrom, begin: makeFrom[0] ?? '/', settle }
}

/** Said on a list of which nothing was chosen. */
export const NONE_CHOSEN = problem({ message: 'No torrent was chosen. Check its box.' })

/** Lists torrents by their addresses, each with a link to where it is. */
export function torrentLinks(addresses: readonly string[]): Html {
  const links = addresses.map((address) => {
    const name = shownName(address)
    const list = query({ in: dirname(address), q: name })
    return html`<li><a href="torrents${list}">${name}</a></li>`
  })
  return html`<ul>
    ${links}
  </ul>`
}

/** Says what was done to several torrents, and why others were not changed. */
export function outcomeOf(
  outcomes: readonly { readonly address: string; readonly error: Error | null }[],
  verb: string,
  more?: Html,
): Html {
  const failed = outcomes.flatMap(({ address, error }) => (error ? [{ address, error }] : []))
  const changed = outcomes.length - failed.length
  const done = html`<div class="note" role="status">
    ${counted(changed, 'torrent')} ${verb}. ${more ?? null}
  </div>`
  const failures = html`<section role="alert">
    <h2>
      ${counted(failed.length, 'torrent')} ${failed.length === 1 ? 'was' : 'were'} not ${verb}
    </h2>
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

/** The fields that say which list of torrents a form came from. */
export const LIST_FIELDS = ['in', 'q', 'sort', 'order', 'page'] as const

/** The address of the list that a form with chosen torrents came from. */
export function listOf(form: Form): string {
  const fields = LIST_FIELDS.map((name) => [name, form.text(name)] as const)
  return `torrents${query(Object.fromEntries(fields))}`
}

/** The most jobs at once. */
const MOST_RUNNING = 4

/** The threads that hash; the tracker needs some, too. */
export const THREADS = Math.ceil(availableParallelism() / 2)

/**
 * Refuses a job if many run already.
 * @throws BtkitError `busy`
 */
export function refuseBusy(jobs: Jobs): void {
  if (jobs.list().filter(({ state }) => state === 'running').length < MOST_RUNNING) return
  throw new BtkitError('busy', `${MOST_RUNNING} jobs are running; wait for one to end`)
}

/** The longest path that Linux accepts, in bytes; characters may be fewer. */
const LONGEST_PATH = 4096

/**
 * Returns the real path of a file or directory below one of several directories, given by their
 * real paths. A path that leads elsewhere, by a link too, is refused like one that is not there.
 * @throws BtkitError `usage`, `not-found`
 */
export async function resolveSource(roots: readonly string[], typed: string): Promise<string> {
  if (typed === '') throw new BtkitError('usage', 'no file or directory was chosen')
  const found = typed.length > LONGEST_PATH ? null : await lookInside(roots, typed)
  if (found !== null) return found.path
  const where = roots.join(' or ')
  throw new BtkitError('not-found', `${quoteText(typed)}: no file or directory below ${where}`)
}

/** Returns a directory below one of several; the first of these if it is somewhere else. */
async function settleDirectory(roots: readonly string[], directory: string): Promise<string> {
  const found = await lookInside(roots, directory)
  return found?.kind === 'directory' ? found.path : (roots[0] ?? '/')
}

async function lookInside(roots: readonly string[], typed: string) {
  const path = resolve(roots[0] ?? '/', typedPath(typed))
  const root = roots.find((each) => isWithin(path, each))
  if (root === undefined || path.includes('\0')) return null
  const names = relative(root, path).split(sep).filter(Boolean)
  const found = await resolveInside(root, names)
  return found.kind === 'file' || found.kind === 'directory' ? found : null
}
