import { BtkitError } from '../../../base/errors.js'
import type { Choice, Form } from '../../../pages/forms/form.js'
import { problem } from '../../../pages/forms/frame.js'
import { renderTable } from '../../../page-parts/table.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../../base/text/html.js'
import { counted, formatBytes } from '../../../base/text/quantity.js'
import type { UploadFacts } from '../../../pages/work/describe-uploads.js'
import { explain, lastName, MAX_VALUES, type UploadedFile } from '../storage/add-uploads.js'
import { shownName } from '../storage/places.js'
import { namesTracker } from '../storage/this-tracker.js'
import type { FormsParts } from './parts.js'

// Before an upload is added, the script shows its files in a table. The fields of a row end with
// its number. An empty one is as the field for all files above.

/**
 * Reads where and how one file of an upload is saved: the fields of its row, or those for all
 * files.
 */
export function wishesAt(form: Form, row: number) {
  const hasRow = form.has(`name-${row}`)
  return {
    to: form.text(`to-${row}`) || form.text('to'),
    name: form.text(hasRow ? `name-${row}` : 'name'),
    comment: form.text(`description-${row}`) || form.text('description'),
    addsTracker: form.has(hasRow ? `add-${row}` : 'addTracker'),
  }
}

/** Renders the files of an upload that was not added yet. */
export async function uploadTable(
  { work, announce, announceUrls }: Pick<FormsParts, 'work' | 'announce' | 'announceUrls'>,
  form: Form,
  files: readonly UploadedFile[],
  categories: readonly Choice[],
): Promise<Html> {
  const all = files.map(({ bytes }) => bytes ?? new Uint8Array(0))
  const facts = await work.run('describeUploads', { files: all, maxValues: MAX_VALUES })
  const rows = files.map((file, at): HtmlValue[] => {
    const found = facts[at]
    const name = shownName(lastName(file.name))
    if (!found || 'fault' in found) return faultRow(file, found)
    const isNamed = namesTracker(found.trackers, { urls: announceUrls })
    return [
      textInput(form, { name: `name-${at}`, label: `Name of ${name}`, usual: name }),
      `${found.files > 1 ? `${counted(found.files, 'file')}, ` : ''}${formatBytes(found.size)}`,
      categorySelect(form, { name: `to-${at}`, label: `Category of ${name}` }, categories),
      html`<textarea
        name="description-${at}"
        rows="2"
        placeholder="${fieldValue(found.comment || 'as above')}"
        aria-label="Description of ${name}"
      >
${fieldValue(form.text(`description-${at}`))}</textarea>`,
      trackerCell(form, at, name, isNamed, announce),
    ]
  })
  return renderTable({ label: 'Torrents to add', columns: COLUMNS, rows })
}

const COLUMNS = [
  ['Torrent', 'name'],
  ['Content', 'date'],
  ['Category'],
  ['Description', 'wide'],
  ['Tracker'],
] as const

function faultRow(file: UploadedFile, found: UploadFacts | undefined): HtmlValue[] {
  const { code, message } = found && 'fault' in found ? found.fault : UNREAD
  const bytes = file.bytes ?? new Uint8Array(0)
  const error = explain(new BtkitError(code, message), file, bytes)
  return [lastName(file.name), '', '', problem(error as Error), '']
}

const UNREAD = { code: 'too-large', message: 'too large' } as const

interface RowField {
  readonly name: string
  readonly label: string
  readonly usual?: string
}

function textInput(form: Form, { name, label, usual = '' }: RowField): Html {
  return html`<input
    type="text"
    name="${name}"
    value="${fieldValue(form.has(name) ? form.text(name) : usual)}"
    aria-label="${label}"
  />`
}

function categorySelect(
  form: Form,
  { name, label }: RowField,
  categories: readonly Choice[],
): Html {
  const options = [['', 'as above'] as const, ...categories].map(([value, text]) => {
    const selected = form.text(name) === value && html`selected`
    return html`<option value="${value}" ${selected}>${text}</option>`
  })
  return html`<select name="${name}" aria-label="${label}">
    ${options}
  </select>`
}

/** Says whether a torrent names this tracker, with a box to add it. */
function trackerCell(
  form: Form,
  at: number,
  name: string,
  isNamed: boolean,
  announce: string | null,
): HtmlValue {
  if (isNamed) return html`<span class="good">names this tracker</span>`
  if (announce === null) return html`<span class="bad">does not name this tracker</span>`
  const isChecked = !form.has(`name-${at}`) || form.has(`add-${at}`)
  return html`<label
    ><input
      type="checkbox"
      name="add-${at}"
      aria-label="Add this tracker to ${name}"
      ${isChecked && html`checked`}
    />
    add this tracker</label
  >`
}
