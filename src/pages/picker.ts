import { type Dirent, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { homeDirectory } from '../directories.js'
import { BtkitError } from '../errors.js'
import { fieldValue, html } from '../text/html.js'
import { Form, hiddenFields } from './form.js'
import type { Answer, PageParts } from './frame.js'

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
  /** The directory above; null for none. */
  readonly above: string | null
}

/** Renders a directory to choose a file or directory from. */
function pickerPage(picking: Picking): Answer {
  const { page, action, form, field, directory, places, above } = picking
  const carried = hiddenFields(form.without('act', 'at', 'picked', 'choose'))
  const step = (name: 'at' | 'picked', path: string, text: string) =>
    html`<button name="${name}" value="${fieldValue(fieldPath(path))}">${text}</button>`
  const { entries, error, isCut } = list(directory)
  const rows = entries.map(({ name, isDirectory }) => {
    const path = join(directory, name)
    return html`<li class="${isDirectory ? 'dir' : 'file'}">
      ${step(isDirectory ? 'at' : 'picked', path, isDirectory ? `${name}/` : name)}
    </li>`
  })
  return page({
    title: `Choose: ${directory}`,
    error,
    status: 200,
    content: html`<form method="post" action="${action}">
      ${carried}<input type="hidden" name="choose" value="${field}" />
      <section>
        <div class="acts">
          ${step('picked', directory, 'Choose this directory')}
          ${above !== null && step('at', above, 'Up')}
          <button name="picked" value="">Cancel</button>
        </div>
        <p class="choices">${places.map((place) => step('at', place, place))}</p>
      </section>
      <section>
        <ul class="picker">
          ${rows}
        </ul>
        ${isCut && html`<p class="muted">There are more entries; type the path instead.</p>`}
      </section>
    </form>`,
  })
}

interface Listed {
  readonly entries: readonly { readonly name: string; readonly isDirectory: boolean }[]
  readonly error?: BtkitError
  readonly isCut: boolean
}

function list(directory: string): Listed {
  try {
    const found = readdirSync(directory, { withFileTypes: true })
    const shown = found.filter(({ name }) => !name.startsWith('.'))
    const entries = shown
      .map((entry) => ({ name: entry.name, isDirectory: isDirectory(entry, directory) }))
      .sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || (a.name < b.name ? -1 : 1))
    return { entries: entries.slice(0, MOST_SHOWN), isCut: shown.length > MOST_SHOWN }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = `${directory}: cannot be listed (${code ?? 'unknown'})`
    return { entries: [], error: new BtkitError('io', why), isCut: false }
  }
}

function isDirectory(entry: Dirent, directory: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  return isDirectoryAt(join(directory, entry.name))
}

/** The rules of a form's pickers. */
export interface PickRules extends Pick<Picking, 'page' | 'action' | 'places'> {
  /** Where the first picker begins. */
  readonly begin: string
  /** Returns the directory to show instead of one. Without it, all directories are shown. */
  readonly settle?: (directory: string) => string
  /** The field that is a list: what is chosen is added to it. */
  readonly list?: string | undefined
}

/**
 * If a form asks for a picker or comes from one: its page, or the form with what was chosen.
 */
export function pick(form: Form, { begin, list, settle, ...rules }: PickRules): Answer | Form {
  const field = /^browse-(\w+)$/.exec(form.text('act'))?.[1] ?? form.text('choose')
  if (field === '') return form
  const lines = form.lines(field)
  if (form.has('picked')) {
    const picked = form.text('picked')
    const chosen = field === list ? [...new Set([...lines, picked])].join('\n') : picked
    const rest = form.without('act', 'at', 'picked', 'choose')
    return picked === '' ? rest : rest.with({ [field]: chosen })
  }
  const current = lines.at(-1)
  const at = form.text('at') && expand(form.text('at'), begin)
  const wanted = at || (current ? dirname(expand(current, begin)) : begin)
  const everywhere = [...new Set([...rules.places, homeDirectory(process.env) ?? '/', '/'])]
  const shown = settle ? settle(wanted) : wanted
  const parent = dirname(shown)
  const isRoot = parent === shown || (settle && settle(parent) !== parent)
  const above = isRoot ? null : parent
  const places = settle ? rules.places : everywhere
  return pickerPage({ ...rules, form, field, directory: shown, places, above })
}

/** Whether a directory is there; false if that cannot be told. */
export function isDirectoryAt(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/**
 * A path as a field can hold it: as a URL if it has blanks at its ends, which fields lose, or line
 * breaks, which browsers change.
 */
export function fieldPath(path: string): string {
  return path === path.trim() && !/[\r\n]/.test(path) ? path : pathToFileURL(path).href
}

/**
 * Returns an absolute path; `~/` is the user's home. It may be a URL as of `fieldPath`.
 * @throws BtkitError `usage`
 */
export function expand(path: string, directory: string): string {
  if (path.startsWith('file://')) return expand(typedPath(path), directory)
  if (path.includes('\0') || path.length > LONGEST_PATH)
    throw new BtkitError('usage', 'this is no path: it is too long or has a zero byte')
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
export function requirePath(form: Form, name: string, directory: string): string {
  const text = form.text(name)
  if (text === '') throw new BtkitError('usage', 'no file or directory was chosen')
  return expand(text, directory)
}

/** A page with a form. */
export interface FormPage {
  /** Shows the form, below what went wrong. */
  readonly show: (form: Form, error?: BtkitError) => Answer | Promise<Answer>
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
    const form = page.picking ? pick(given, page.picking) : given
    return form instanceof Form ? await page.act(form) : form
  } catch (error) {
    if (error instanceof BtkitError) return page.show(given, error)
    throw error
  }
}
