import type { Dirent, Stats } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { homeDirectory } from '../../base/directories.js'
import { awaitSystem, BtkitError, inField } from '../../base/errors.js'
import { isSafeComponent, isWithin } from '../../disk/look/inside.js'
import { readEntries } from '../../disk/look/read-names.js'
import { renderTime } from '../../page-parts/time.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../base/text/html.js'
import { defaultAct, Form, hiddenFields } from './form.js'
import type { Answer } from '../../server/headers/answer.js'
import type { PageParts } from './frame.js'
import { kindOf as iconOf, renderBytes } from '../../page-parts/rows.js'
import { renderTable } from '../../page-parts/table.js'

/** The longest path that Linux accepts, in bytes; characters may be fewer. */
const LONGEST_PATH = 4096

/** The most entries of a directory that are shown. */
const MOST_SHOWN = 2000

/** The purpose of a picker. */
interface Picking {
  /** Renders a page of the kind that asks. */
  readonly page: (parts: PageParts) => Answer
  /** Where the form is sent. */
  readonly action: string
  /** The form that goes on with what was chosen. */
  readonly form: Form
  /** The field that gets the path. */
  readonly field: string
  /** The directory that is shown. */
  readonly directory: string
  /** Directories that are always offered. */
  readonly places: readonly string[]
  /** The highest directory that is shown; null if all are. */
  readonly top: string | null
  /** Why a folder was not made. */
  readonly fault?: BtkitError | undefined
}

/** Renders a directory to choose a file or directory from. */
async function pickerPage(picking: Picking): Promise<Answer> {
  const { page, action, form, field, directory, places, top, fault } = picking
  const carried = hiddenFields(form.without('act', ...STEPS))
  const { entries, error, isCut } = await list(directory)
  const rows = entries.map(({ name, isDirectory, size, changed }) => {
    const text = isDirectory ? `${name}/` : name
    const path = fieldValue(fieldPath(join(directory, name)))
    const act = isDirectory ? 'at' : 'picked'
    const icon = iconOf(name, isDirectory)
    const button = html`<button name="${act}" value="${path}" class="${icon}">${text}</button>`
    return [button, !isDirectory && renderBytes(size), renderTime(changed, 'minute')]
  })
  return page({
    title: 'Choose a file or folder',
    sub: directory,
    error: fault ?? error,
    status: fault ? 400 : 200,
    content: html`<form method="post" action="${action}" class="picker">
      ${carried}<input type="hidden" name="choose" value="${field}" />
      <input type="hidden" name="here" value="${fieldValue(fieldPath(directory))}" />
      ${defaultAct('create')}
      <section class="card">
        <p class="acts">${places.map((place) => step(place, placeName(place, top)))}</p>
        <p class="crumbs">${crumbsOf(directory, top)}</p>
        ${actsOf(directory, top === null)}
      </section>
      ${renderTable({ label: 'Entries', columns: COLUMNS, rows, style: 'listing' })}
      ${isCut && html`<p class="muted">There are more entries. Type the path instead.</p>`}
    </form>`,
  })
}

function actsOf(directory: string, canCreate: boolean): Html {
  const create = html`<span class="with">
    <input type="text" name="fresh" aria-label="New folder" placeholder="Name" />
    <button name="act" value="create">New folder</button>
  </span>`
  return html`<div class="acts">
    <button class="main" name="picked" value="${fieldValue(fieldPath(directory))}">
      Choose this folder
    </button>
    <button name="picked" value="">Cancel</button>
    ${canCreate && create}
  </div>`
}

/** The fields of a picker itself. */
const STEPS = ['at', 'here', 'picked', 'choose', 'fresh']

const COLUMNS = [
  ['Name', 'name'],
  ['Size', 'n'],
  ['Changed', 'date'],
] as const

/** The usual places by the names that people know. */
function placeName(place: string, top: string | null): string {
  if (top !== null) return place
  if (place === '/') return 'Computer'
  return place === homeDirectory(process.env) ? 'Home' : place
}

/** A button that shows a directory. */
function step(path: string, text: string): Html {
  return html`<button name="at" value="${fieldValue(fieldPath(path))}">${text}</button>`
}

/** Buttons that lead to the directories above, up to `top`, or else the root. */
function crumbsOf(directory: string, top: string | null): HtmlValue[] {
  const parent = dirname(directory)
  if (directory === top || parent === directory) return [step(directory, placeName(directory, top))]
  return [...crumbsOf(parent, top), ' / ', step(directory, basename(directory))]
}

interface Entry {
  readonly name: string
  readonly isDirectory: boolean
  readonly size: number
  /** Milliseconds since 1970. */
  readonly changed: number
}

interface Listed {
  readonly entries: readonly Entry[]
  readonly error?: BtkitError
  readonly isCut: boolean
}

/** As people sort: 2 before 10, and large letters beside small ones. */
const { compare } = new Intl.Collator('en', { numeric: true })

async function list(directory: string): Promise<Listed> {
  try {
    const all = await awaitSystem(directory, readEntries(directory))
    const shown = all.filter(({ name }) => !name.startsWith('.'))
    const kinds = await Promise.all(shown.map((entry) => kindOf(directory, entry)))
    const sorted = kinds.sort(
      (a, b) => Number(b.isDirectory) - Number(a.isDirectory) || compare(a.name, b.name),
    )
    const first = sorted.slice(0, MOST_SHOWN)
    const entries = await Promise.all(first.map((entry) => entryAt(directory, entry)))
    return { entries, isCut: shown.length > MOST_SHOWN }
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return { entries: [], error, isCut: false }
  }
}

type Kind = Pick<Entry, 'name' | 'isDirectory'>

/** The kind of an entry, with links followed. */
async function kindOf(directory: string, entry: Dirent): Promise<Kind> {
  const { name } = entry
  if (!entry.isSymbolicLink()) return { name, isDirectory: entry.isDirectory() }
  return { name, isDirectory: await isDirectoryAt(join(directory, name)) }
}

/** Describes an entry; a link that leads nowhere is an empty file. */
async function entryAt(directory: string, kind: Kind): Promise<Entry> {
  const stats = await statOf(join(directory, kind.name))
  return { ...kind, size: stats?.size ?? 0, changed: stats?.mtimeMs ?? 0 }
}

function statOf(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null)
}

/**
 * Makes a directory in another one, and returns its path.
 * @throws BtkitError `usage`, or as the system refuses it
 */
async function makeBelow(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  if (!isSafeComponent(name))
    throw new BtkitError('usage', 'the new folder needs a name without a slash')
  await awaitSystem(path, mkdir(path))
  return path
}

/** The rules of a form's pickers. */
export interface PickRules extends Pick<Picking, 'page' | 'action' | 'places'> {
  /** Where the first picker begins. */
  readonly begin: string
  /** Returns the directory to show instead of one. Without it, all directories are shown. */
  readonly settle?: (directory: string) => Promise<string>
  /** The field that is a list: what is chosen is added to it. */
  readonly list?: string | undefined
}

/**
 * If a form asks for a picker or comes from one: its page, or the form with what was chosen.
 */
async function pick(
  form: Form,
  { begin, list, settle, ...rules }: PickRules,
): Promise<Answer | Form> {
  const field = /^browse-(\w+)$/.exec(form.text('act'))?.[1] ?? form.text('choose')
  if (field === '') return form
  const lines = form.lines(field)
  if (form.has('picked')) {
    const picked = form.text('picked')
    const chosen = field === list ? [...new Set([...lines, picked])].join('\n') : picked
    const rest = form.without('act', ...STEPS)
    return picked === '' ? rest : rest.with({ [field]: chosen })
  }
  const current = lines.at(-1)
  const at = form.text('at') || form.text('here')
  const wanted =
    at !== '' ? await expand(at, begin) : current ? dirname(await expand(current, begin)) : begin
  if (settle) {
    const directory = await settle(wanted)
    const top = rules.places.find((place) => isWithin(directory, place)) ?? directory
    return pickerPage({ ...rules, form, field, directory, top })
  }
  const places = [...new Set([...rules.places, homeDirectory(process.env) ?? '/', '/'])]
  const show = (directory: string, fault?: BtkitError) => {
    return pickerPage({ ...rules, form, field, directory, places, top: null, fault })
  }
  if (form.text('act') !== 'create') return show(wanted)
  try {
    return await show(await makeBelow(wanted, form.text('fresh')))
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    return show(wanted, error)
  }
}

/** Whether there is anything at a path, with links followed. */
export async function isThereAt(path: string): Promise<boolean> {
  return (await statOf(path)) !== null
}

/** Whether a directory is there; false if that cannot be told. */
export async function isDirectoryAt(path: string): Promise<boolean> {
  return (await statOf(path))?.isDirectory() === true
}

/**
 * A path as a field can hold it: as a URL if it has blanks at its ends, which fields lose, or line
 * breaks, which browsers change.
 */
export function fieldPath(path: string): string {
  return path === path.trim() && !/[\r\n]/.test(path) ? path : pathToFileURL(path).href
}

/**
 * Returns an absolute path; `~/` is the user's home. It may be a URL as of `fieldPath`, or stand in
 * quotes, as shells and file managers copy it.
 * @throws BtkitError `usage`
 */
export async function expand(path: string, directory: string): Promise<string> {
  const quoted = /^(['"])(.+)\1$/s.exec(path)?.[2]
  if (quoted !== undefined && !path.includes('\0') && !(await isThereAt(resolve(directory, path))))
    return expand(quoted.replaceAll("'\\''", "'"), directory)
  if (path.startsWith('file://')) return expand(typedPath(path), directory)
  if (path.includes('\0') || path.length > LONGEST_PATH)
    throw new BtkitError('usage', 'invalid path: it is too long or contains a NUL byte')
  if (path === '~' || path.startsWith('~/'))
    return join(homeDirectory(process.env) ?? '/', path.slice(1))
  return resolve(directory, path)
}

/**
 * Returns the path that a field has as one or as the URL of a file.
 * @throws BtkitError `usage`
 */
export function typedPath(text: string): string {
  if (!text.startsWith('file://')) return text
  try {
    return fileURLToPath(text)
  } catch {
    throw new BtkitError('usage', `${text}: not the URL of a file of this machine; type its path`)
  }
}

/**
 * Returns the absolute path in a field.
 * @throws BtkitError `usage` if it is empty
 */
export function requirePath(form: Form, name: string, directory: string): Promise<string> {
  return inField(name, async () => {
    const text = form.text(name)
    if (text === '') throw new BtkitError('usage', 'no file or folder was chosen')
    return expand(text, directory)
  })
}

/** Rules of pickers that show all directories, and begin at the first place. */
export function pickingAnywhere(
  { places, directory }: { readonly places: readonly string[]; readonly directory: string },
  page: Picking['page'],
  rules: Pick<PickRules, 'action' | 'list'>,
): PickRules {
  return { ...rules, page, places, begin: places[0] ?? directory }
}

/** A page with a form. */
export interface FormPage {
  /** Shows the form, below what went wrong. */
  readonly show: (form: Form) => Answer | Promise<Answer>
  /**
   * Does what a form asks for.
   * @throws BtkitError, which is shown above the form
   */
  readonly act: (form: Form) => Answer | Promise<Answer>
  /** The rules of the form's pickers of files; none if it has no pickers. */
  readonly picking?: PickRules | undefined
}

/** Answers a form: by a picker of files if it asks for one, or else by what it does. */
export async function answerForm(given: Form, page: FormPage): Promise<Answer> {
  try {
    const form = page.picking ? await pick(given, page.picking) : given
    return form instanceof Form ? await page.act(form) : form
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    given.error = error
    return page.show(given)
  }
}
