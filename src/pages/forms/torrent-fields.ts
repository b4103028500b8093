import { ASKED_ROWS, type AskedField, type AskedOptions } from '../../core/make/asked.js'
import { BtkitError, inField } from '../../base/errors.js'
import { formatTiers } from '../../metainfo/trackers.js'
import { clipText } from '../../base/text/escape.js'
import { fieldValue, html, type Html } from '../../base/text/html.js'
import { counted, formatBytes } from '../../base/text/quantity.js'
import {
  checkField,
  type Choice,
  defaultAct,
  type Form,
  linesField,
  parseTiers,
  radioField,
  selectField,
  textField,
} from './form.js'
import type { PageParts } from './frame.js'
import type { Plan } from '../work/results.js'

/** Values for the fields of a torrent, by a name of the configuration. */
export interface Preset {
  readonly name: string
  /** Values by the names of fields. */
  readonly fields: Readonly<Record<string, string>>
  /** Its options for which the form has no field, but which torrents get, too, with their names. */
  readonly carried?: {
    readonly names: readonly string[]
    readonly options: AskedOptions
  }
  /** The other options, which torrents do not get. */
  readonly missing?: readonly string[]
}

interface NamedField extends AskedField {
  readonly name: string
}

/** The fields of the values that a torrent may be asked, in their order. */
const FIELDS = ASKED_ROWS.flatMap(([name, { field }]): NamedField[] => {
  return field ? [{ ...field, name }] : []
})
const FOLDED = FIELDS.filter(({ isUsual }) => !isUsual)
const BOXES = FIELDS.filter(({ kind }) => kind === 'box').map(({ name }) => name)

/** The names of the fields that the next torrent may begin with. A comment is for one only. */
export const KEPT_FIELDS = FIELDS.map(({ name }) => name).filter((name) => name !== 'comment')

const SHOW: Readonly<Record<AskedField['kind'], (form: Form, field: NamedField) => Html>> = {
  tiers: (form, field) => {
    return linesField(form, { ...field, hint: html`<span data-plain>${field.hint ?? ''}</span>` })
  },
  lines: linesField,
  text: linesField,
  line: textField,
  globs: (form, { hint = '', ...field }) => {
    const parts = hint.split('`').map((part, i) => (i === 1 ? html`<code>${part}</code>` : part))
    return textField(form, { ...field, hint: html`${parts}` })
  },
  choice: (form, { choices = [], ...field }) => {
    return (choices.length > 4 ? selectField : radioField)(form, { ...field, choices })
  },
  box: (form, { name, label, hint = '' }) => checkField(form, label, [[name, hint]]),
}

/** Reads the value in a field; undefined for none. Whoever gets the value checks it. */
export function valueIn(form: Form, { name, kind }: NamedField): unknown {
  const text = form.text(name)
  if (kind === 'tiers') return parseTiers(text)
  if (kind === 'lines') return form.lines(name)
  if (kind === 'globs') return inField(name, () => globsOf(text))
  if (kind === 'box') return form.has(name)
  return kind === 'choice' && /^\d+$/.test(text) ? Number(text) : text || undefined
}

/** Returns the text that fills in the field of a value; null if none can. */
export function fieldText({ kind }: AskedField, value: unknown): string | null {
  if (kind === 'tiers') return formatTiers(value as string[][])
  if (kind === 'lines') return (value as string[]).join('\n')
  if (kind === 'globs') return formatGlobs(value as string[])
  return kind === 'box' ? 'on' : String(value)
}

/** The fields of torrents that most people fill in. */
export function usualFields(form: Form): Html[] {
  const usual = FIELDS.filter(({ isUsual }) => isUsual)
  return usual.map((field) => SHOW[field.kind](form, field))
}

/** The other fields of torrents, folded, below those of the page itself. */
export function moreFields(form: Form, own: Html): Html {
  return html`<details class="card" data-more>
    <summary>More options<span class="muted" data-set>${setIn(form)}</span></summary>
    ${own} ${FOLDED.map((field) => SHOW[field.kind](form, field))}
  </details>`
}

/** Names the folded fields that are not as by default. The script does the same while one types. */
function setIn(form: Form): string {
  const places = ['target', 'output'].map((name) => ({ name, label: 'Save to' }))
  const set = [...places, ...FOLDED].flatMap((field: Partial<NamedField>) => {
    const { name = '', label = '', kind, hint = '', choices } = field
    const others = choices?.slice(1).find(([value]) => value === form.text(name))
    const text = choices
      ? others?.[1]
      : kind !== 'box'
        ? form.lines(name).join(' ')
        : form.has(name) && hint
    return text ? [`${label}: ${text}`] : []
  })
  return clipText(set.join(', '), MOST_SET)
}

/** The longest summary of folded fields, in characters. */
const MOST_SET = 200

/**
 * Reads those fields, and takes options from the preset that filled them in.
 * @throws BtkitError `usage`
 */
export function torrentOptions(form: Form, presets: readonly Preset[]): AskedOptions {
  const read = FIELDS.map((field) => [field.name, valueIn(form, field)])
  const options = Object.fromEntries(read) as AskedOptions
  if (options.private && options.trackers?.length === 0)
    throw new BtkitError(
      'usage',
      'a private torrent needs a tracker, or no client can find peers',
    ).in('trackers')
  return { ...carriedBy(form, presets, options), ...options }
}

/** The options of the preset, except those that the fields exclude. */
function carriedBy(form: Form, presets: readonly Preset[], fields: AskedOptions): AskedOptions {
  const preset = filledBy(form, presets)
  if (!preset?.carried || form.text('preset') !== preset.name) return {}
  const { order, targetPieces, maxTorrentSize, ...options } = preset.carried.options
  const { version = 'v1', pieceLength = 'auto' } = fields
  return {
    ...options,
    ...(version === 'v1' && { order }),
    ...(pieceLength === 'auto' && { targetPieces, maxTorrentSize }),
  }
}

function filledBy(form: Form, presets: readonly Preset[]): Preset | undefined {
  return presets.find(({ name }) => name === form.text('filled'))
}

/** The most globs: each name of a file is compared with each of them. */
const MOST_GLOBS = 100

/** Reads globs with spaces between. Spaces in quotes belong to a glob. */
function globsOf(text: string): string[] {
  if (text.split('"').length % 2 === 0)
    throw new BtkitError('usage', `exclude: ${text} has a quote that does not end`)
  const words = text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []
  const globs = words.map((word) => word.replaceAll('"', '')).filter(Boolean)
  if (globs.length <= MOST_GLOBS) return globs
  throw new BtkitError('usage', `at most ${MOST_GLOBS} globs are left out; use braces in them`)
}

/** Writes globs as the form reads them; null if one has a quote. */
function formatGlobs(globs: readonly string[]): string | null {
  if (globs.some((glob) => glob.includes('"'))) return null
  return globs.map((glob) => (/\s/.test(glob) ? `"${glob}"` : glob)).join(' ')
}

/** A list of presets with a button, and what the chosen one did; nothing if there are none. */
export function presetField(form: Form, presets: readonly Preset[]): Html | false {
  if (presets.length === 0) return false
  const choices = presets.map(({ name }): Choice => [name, name])
  const filled = form.text('filled')
  return html`${selectField(form, {
    name: 'preset',
    label: 'Preset',
    choices: [['', 'none'], ...choices],
    hint: html`<button name="act" value="preset">Fill in the fields</button>`,
  })}
  ${filled !== '' && filledNotes(form, presets)}`
}

function filledNotes(form: Form, presets: readonly Preset[]): Html {
  const { missing = [], carried } = filledBy(form, presets) ?? {}
  return html`<input type="hidden" name="filled" value="${fieldValue(form.text('filled'))}" />
    <p class="note" role="status">The preset filled in the fields. Look at them, then go on.</p>
    ${
      carried !== undefined &&
      html`<p class="note">
        Torrents made here also have these options of the preset:
        <code>${carried.names.join(', ')}</code>
      </p>`
    }
    ${
      missing.length > 0 &&
      html`<p class="note" role="alert">
        This form has no field for all values of the preset. Torrents made here are without:
        <code>${missing.join(', ')}</code>
      </p>`
    }`
}

/**
 * Returns the form filled in from its preset, if it asks for that, or names one that did not fill
 * it in: a preset may make the torrent private. Fields of the preset before it become empty. Else
 * null.
 */
export function applyPreset(form: Form, presets: readonly Preset[]): Form | null {
  const chosen = form.text('preset')
  if (form.text('act') !== 'preset' && form.text('filled') === chosen) return null
  const preset = presets.find(({ name }) => name === chosen)
  if (!preset) return form.text('act') === 'preset' ? form.without('filled') : null
  const before = filledBy(form, presets)
  const cleared = form.without(...BOXES, ...Object.keys(before?.fields ?? {}))
  return cleared.with({ ...preset.fields, filled: chosen })
}

/** The parts of a form that makes a torrent. */
interface MakeForm {
  /** The fields that name the content. */
  readonly content: Html
  /** Further fields, folded. */
  readonly more: Html
  readonly presets: readonly Preset[]
  readonly plan: Plan | undefined
}

/** The page of a form that makes a torrent. */
export function makePage(form: Form, { content, more, presets, plan }: MakeForm): PageParts {
  return {
    title: 'Create a torrent',
    error: form.error,
    content: html`<form method="post" action="make" data-keep data-plans>
      ${defaultAct('plan')}
      <section class="card">${presetField(form, presets)} ${content} ${usualFields(form)}</section>
      ${moreFields(form, more)}
      <div data-plan role="status">${plan ? planSection(plan) : null}</div>
      <div class="acts">
        <button class="main" name="act" value="make">Create torrent</button>
        <button name="act" value="plan">Preview</button>
      </div>
    </form>`,
  }
}

/** Shows a torrent before it is made. */
function planSection(plan: Plan): Html {
  const { files, size, pieceCount, pieceLength, torrentSize, skipped, inTheWay } = plan
  return html`<section class="card" aria-label="Preview">
    <h2>Preview: ${plan.name}</h2>
    <p>
      ${counted(files, 'file')}, ${formatBytes(size)}, in ${counted(pieceCount, 'piece')} of
      ${formatBytes(pieceLength)}. The .torrent will have about ${formatBytes(torrentSize)}.
    </p>
    ${inTheWay != null && html`<p class="note">${inTheWay}</p>`}
    ${
      skipped.count > 0 &&
      html`<details>
        <summary>Left out: ${counted(skipped.count, 'entry', 'entries')}</summary>
        <ul>
          ${skipped.first.map(({ path, reason }) => html`<li>${path}: ${reason}</li>`)}
        </ul>
      </details>`
    }
  </section>`
}
