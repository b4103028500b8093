import type { FileOptions, TorrentOptions } from '../../core/make/common-request.js'
import { BtkitError, inField } from '../../base/errors.js'
import type { MetainfoVersion } from '../../metainfo/metainfo.js'
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
    readonly options: TorrentOptions & FileOptions
  }
  /** The other options, which torrents do not get. */
  readonly missing?: readonly string[]
}

const POWERS = Array.from({ length: 17 }, (_, at) => 14 + at)
const PIECE_LENGTHS: readonly Choice[] = [
  ['auto', 'automatic, by size'],
  ...POWERS.map((power): Choice => [String(2 ** power), formatBytes(2 ** power)]),
]

const VERSIONS: readonly Choice[] = [
  ['v1', 'v1: for all clients'],
  ['hybrid', 'hybrid: v1 and v2'],
  ['v2', 'v2 only'],
]

/** The fields of torrents that most people fill in. */
export function usualFields(form: Form): Html {
  return html`${linesField(form, {
    name: 'trackers',
    label: 'Trackers',
    hint: html`<span data-plain
      >One URL a line. An empty line begins the next tier, which clients use if all before
      fail.</span
    >`,
    kind: 'tiers',
  })}
  ${checkField(form, 'Private torrent', [['private', 'only these trackers, no DHT or PEX']])}
  ${linesField(form, { name: 'comment', label: 'Comment', rows: 2 })}`
}

/** The other fields of torrents, folded, below those of the page itself. */
export function moreFields(form: Form, own: Html): Html {
  return html`<details class="card" data-more>
    <summary>More options<span class="muted" data-set>${setIn(form)}</span></summary>
    ${own}
    ${linesField(form, {
      name: 'webSeeds',
      label: 'Web seeds',
      hint: 'URLs of the same files on web servers, one per line.',
      rows: 2,
    })}
    ${radioField(form, { name: 'version', label: 'Version', choices: VERSIONS })}
    ${selectField(form, { name: 'pieceLength', label: 'Piece length', choices: PIECE_LENGTHS })}
    ${textField(form, {
      name: 'source',
      label: 'Source tag',
      hint: 'Some private trackers want one. It gives the torrent its own info hash.',
    })}
    ${textField(form, {
      name: 'exclude',
      label: 'Exclude',
      hint: html`Globs with spaces between, such as <code>*.tmp cache/** "My Files/**"</code>`,
    })}
    ${checkField(form, 'Hidden files', [['all', 'include']])}
  </details>`
}

/** Names the folded fields that are not as by default. The script does the same while one types. */
function setIn(form: Form): string {
  const text = (name: string, label: string) => {
    const value = form.lines(name).join(' ')
    return value !== '' && `${label}: ${value}`
  }
  const choice = (name: string, label: string, choices: readonly Choice[]) => {
    const at = choices.findIndex(([value]) => value === form.text(name))
    return at > 0 && `${label}: ${choices[at]?.[1] ?? ''}`
  }
  const set = [
    text('target', 'Save to'),
    text('output', 'Save to'),
    text('webSeeds', 'Web seeds'),
    choice('version', 'Version', VERSIONS),
    choice('pieceLength', 'Piece length', PIECE_LENGTHS),
    text('source', 'Source tag'),
    text('exclude', 'Exclude'),
    form.has('all') && 'Hidden files: include',
  ]
  return clipText(set.filter(Boolean).join(', '), MOST_SET)
}

/** The longest summary of folded fields, in characters. */
const MOST_SET = 200

/**
 * Reads those fields, and takes options from the preset that filled them in.
 * @throws BtkitError `usage`
 */
export function torrentOptions(form: Form, presets: readonly Preset[]) {
  const piece = form.text('pieceLength') || 'auto'
  const comment = form.text('comment')
  const source = form.text('source')
  const trackers = parseTiers(form.text('trackers'))
  if (form.has('private') && trackers.length === 0)
    throw new BtkitError(
      'usage',
      'a private torrent needs a tracker, or no client can find peers',
    ).in('trackers')
  // Whoever gets the options checks it
  const version = (form.text('version') || 'v1') as MetainfoVersion
  return {
    ...carriedBy(form, presets, version),
    trackers,
    webSeeds: form.lines('webSeeds'),
    private: form.has('private'),
    version,
    pieceLength: piece === 'auto' ? ('auto' as const) : Number(piece),
    exclude: inField('exclude', () => globsOf(form.text('exclude'))),
    all: form.has('all'),
    ...(comment === '' ? {} : { comment }),
    ...(source === '' ? {} : { source }),
  }
}

/** The options of the preset, except those that the fields exclude. */
function carriedBy(form: Form, presets: readonly Preset[], version: MetainfoVersion) {
  const preset = filledBy(form, presets)
  if (!preset?.carried || form.text('preset') !== preset.name) return {}
  const { order, targetPieces, maxTorrentSize, ...options } = preset.carried.options
  const isAuto = (form.text('pieceLength') || 'auto') === 'auto'
  return {
    ...options,
    ...(version === 'v1' ? { order } : {}),
    ...(isAuto ? { targetPieces, maxTorrentSize } : {}),
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

/** Writes globs as the form reads them. None has a quote. */
export function formatGlobs(globs: readonly string[]): string {
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
  const cleared = form.without('private', 'all', ...Object.keys(before?.fields ?? {}))
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
