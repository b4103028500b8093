import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { ASKED } from '../../core/make/asked.js'
import type { TorrentFacts } from '../../metainfo/facts.js'
import { BtkitError } from '../../base/errors.js'
import type { TorrentChanges } from '../../library/changes.js'
import { html, type Html, type HtmlValue } from '../../base/text/html.js'
import { counted } from '../../base/text/quantity.js'
import { checkField, type Form, hiddenFields, linesField, textField } from './form.js'
import { type PageParts, problem } from './frame.js'
import { valueIn } from './torrent-fields.js'
import { type Edited, type Opened, type ValueKind, VALUES, valuesOf } from '../work/opened.js'

/** The torrents of a form that edits them. */
interface EditForm {
  readonly torrents: readonly Opened[]
  readonly titleOf: (file: string) => string
  /** The fields that name the torrents. */
  readonly carried: readonly string[]
  /** More buttons. */
  readonly more?: HtmlValue
}

/**
 * The page of a form that edits torrents. A new form has the values that they share, and so has one
 * whose torrents somebody else changed: its own values would undo that, and are listed apart.
 */
export function editPage(form: Form, { torrents, titleOf, carried, more }: EditForm): PageParts {
  const isPrivate = torrents.every((torrent) => torrent.isPrivate)
  const shared = { ...commonValues(torrents), ...(isPrivate && { private: 'on' }) }
  const isLate = form.error?.code === 'changed'
  const filled = form.has('digest') && !isLate ? form : form.without('private').with(shared)
  const [only, ...others] = torrents
  const what = others.length > 0 ? counted(torrents.length, 'torrent') : basename(only?.file ?? '')
  return {
    title: `Edit ${what}`,
    error: form.error,
    ...(isLate ? { status: 409 } : {}),
    content: html`${isLate && lateValues(form, torrents)}
      <form method="post" action="edit">
        ${hiddenFields(form.only(...carried))} ${editFields(filled, torrents, titleOf)}
        <div class="acts">
          <button class="main" name="act" value="preview">Review changes</button>
          ${more ?? null}
        </div>
      </form>`,
  }
}

/** The values of a form that came too late, to be copied. */
function lateValues(form: Form, torrents: readonly Opened[]): Html | false {
  const rows = differentValues(form, torrents).map(({ name, label }) => {
    const [first = '', ...others] = form.text(name).split('\n')
    return html`<dt>${label}</dt>
      <dd class="diff">${first || '(empty)'}${others.map((line) => html`<br />${line}`)}</dd>`
  })
  return (
    rows.length > 0 &&
    html`<section class="card">
      <h2>Your form had</h2>
      <dl>${rows}</dl>
    </section>`
  )
}

/** The page of what an edit would change, with a form to save it, or of what it changed. */
export function editedPage(form: Form, edited: readonly Edited[], isDry: boolean): PageParts {
  const changed = edited.filter((each) => !('error' in each)).length
  const save = html`<form method="post" action="edit">
    ${hiddenFields(form.without('act'))}
    <div class="acts">
      ${changed > 0 && html`<button class="main" name="act" value="save">Save</button>`}
      <button name="act" value="again">Back to the fields</button>
    </div>
  </form>`
  return {
    title: `${counted(changed, 'torrent')} ${isDry ? 'would change' : 'changed'}`,
    content: html`${sectionsOf(edited)} ${isDry && save}`,
  }
}

/** A section for each different change, with the torrents that have it. */
function sectionsOf(edited: readonly Edited[]): Html[] {
  const groups = new Map<string, Edited[]>()
  for (const each of edited) {
    const key = 'error' in each ? each.error : diffOf(each, false).text
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Edited]
    const isOne = group.length === 1
    return html`<section class="card">
      <h2 class="name">${isOne ? first.file : counted(group.length, 'torrent')}</h2>
      ${!isOne && foldedNames(group.map(({ file }) => file))}
      ${'error' in first ? problem({ message: first.error }) : diffOf(first, isOne)}
    </section>`
  })
}

/** The fields of the values, without those that name the torrents. */
function editFields(form: Form, torrents: readonly Opened[], titleOf: EditForm['titleOf']): Html {
  const many = torrents.length > 1
  return html`<input type="hidden" name="digest" value="${digestOf(torrents)}" />
    ${many && foldedNames(torrents.map(({ file }) => titleOf(file)))}
    <section class="card">
      <h2>Values</h2>
      ${VALUES.map((value) => valueField(form, value, torrents))}
      ${!many && checkField(form, PRIVATE.label, [['private', PRIVATE.hint]])}
    </section>
    <p class="muted">
      Name, source tag and private are parts of the info hash: if you change them, the torrent gets
      another swarm.
    </p>`
}

const PRIVATE = ASKED.private.field

type Changed = Exclude<Edited, { readonly error: string }>

function foldedNames(names: readonly HtmlValue[]): Html {
  return html`<details>
    <summary>The torrents</summary>
    <ul>
      ${names.map((name) => html`<li class="name">${name}</li>`)}
    </ul>
  </details>`
}

function valueField(
  form: Form,
  { name, label, kind }: (typeof VALUES)[number],
  torrents: readonly Opened[],
): Html {
  const differs = new Set(torrents.map(({ values }) => values[name])).size > 1
  const hint = differs
    ? 'The torrents differ here. If you leave this empty, each keeps its own.'
    : undefined
  if (kind === 'line') return textField(form, { name, label, hint })
  const rows = Math.min(12, 1 + form.text(name).split('\n').length)
  return linesField(form, { name, label, hint, rows, kind })
}

/** The values that all torrents share; empty where they differ. */
function commonValues(torrents: readonly Opened[]): Record<string, string> {
  return Object.fromEntries(
    VALUES.map(({ name }) => {
      const [first = '', ...others] = new Set(torrents.map(({ values }) => values[name]))
      return [name, others.length > 0 ? '' : first]
    }),
  )
}

/** The most torrents that are edited at once. */
const MOST_EDITED = 1000

/**
 * Returns the torrents that were chosen to be edited.
 * @throws BtkitError `usage` for none, or too many
 */
export function checkChosen(torrents: readonly string[]): readonly string[] {
  if (torrents.length === 0) throw new BtkitError('usage', 'no torrent was chosen')
  if (torrents.length <= MOST_EDITED) return torrents
  throw new BtkitError('usage', `at most ${MOST_EDITED} torrents are edited at once`)
}

/**
 * The fields that say something else than the torrents.
 * @throws BtkitError as `refuseChanged`
 */
export function changesOf(form: Form, torrents: readonly Opened[]): TorrentChanges {
  refuseChanged(torrents, form.text('digest'))
  const changed = differentValues(form, torrents).flatMap((field) => {
    const value = valueIn(form, field) ?? null
    // A torrent always has a name
    return field.name === 'name' && value === null ? [] : [[field.name, value] as const]
  })
  const [only] = torrents
  const isPrivate = form.has('private')
  const setsPrivate = torrents.length === 1 && only?.isPrivate !== isPrivate
  return { ...Object.fromEntries(changed), ...(setsPrivate && { private: isPrivate }) }
}

/** The values of a form that are not those of the torrents. */
function differentValues(form: Form, torrents: readonly Opened[]) {
  const common = commonValues(torrents)
  return VALUES.filter(({ name, kind }) => form.text(name) !== asSent(common[name] ?? '', kind))
}

/** A value as a browser sends it if nobody changed its field, which may be of one line. */
function asSent(value: string, kind: ValueKind): string {
  return value.replaceAll(/\r\n?|\n/g, kind === 'line' ? '' : '\n').trim()
}

/** Returns a digest of torrents and their paths. */
export function digestOf(torrents: readonly Opened[]): string {
  const hash = createHash('sha256')
  for (const { file, digest } of torrents) hash.update(`${file}\0${digest}`)
  return hash.digest('hex')
}

/**
 * Refuses an edit of torrents that another program changed since the form was shown.
 * @throws BtkitError `changed`
 */
export function refuseChanged(torrents: readonly Opened[], digest: string): void {
  if (digestOf(torrents) === digest) return
  throw new BtkitError('changed', 'these torrents have changed; the form shows the current values')
}

/** Shows what an edit changes in a torrent, with its info hashes or without. */
function diffOf({ before, after, warnings }: Changed, hasHashes: boolean): Html {
  const [old, now] = [factRows(before), factRows(after)]
  const changed = Object.keys(now).filter((key) => old[key] !== now[key])
  const isOther = changed.includes(INFO_HASH)
  const rows = changed.filter((key) => hasHashes || key !== INFO_HASH)
  return html`${isOther && html`<p class="note">Clients see this as another torrent.</p>`}
    ${warnings.map((warning) => html`<p class="note">${warning}</p>`)}
    <dl class="facts diff">
      ${rows.map(
        (key) =>
          html`<dt>${key}</dt>
            <dd>${linesOf(old[key], now[key], key === TRACKERS.label ? NEXT_TIER : '')}</dd>`,
      )}
    </dl>`
}

const INFO_HASH = 'Info hash'

function factRows(facts: TorrentFacts): Record<string, string> {
  const values = valuesOf(facts)
  const named = VALUES.map(({ name, label }) => [label, values[name]])
  return {
    ...(Object.fromEntries(named) as Record<string, string>),
    Private: facts.private ? 'yes' : 'no',
    [INFO_HASH]: facts.infoHash ?? facts.infoHashV2 ?? '',
  }
}

const [TRACKERS] = VALUES
const NEXT_TIER = '(next tier)'

/** The most lines of a list that are shown. */
const MOST_LINES = 100

/** Shows the lines of a value. Empty ones, such as before the next tier, are only counted. */
function linesOf(before: string | undefined, after: string | undefined, empty: string): Html[] {
  const [old = [], now = []] = [before, after].map((text) => (text ? text.split('\n') : []))
  const emptyIn = (all: readonly string[]) => all.filter((line) => line === '').length
  let newEmpty = emptyIn(now) - emptyIn(old)
  const removed = old.filter((line) => line !== '' && !now.includes(line))
  const lines = [
    ...[...removed, ...Array<string>(Math.max(0, -newEmpty)).fill('')].map(
      (line) => html`<div><del>- ${line || empty}</del></div>`,
    ),
    ...now.map((line) => {
      const isSame = line === '' ? newEmpty-- <= 0 : old.includes(line)
      if (isSame) return html`<div class="same">${line || empty}</div>`
      return html`<div><ins>+ ${line || empty}</ins></div>`
    }),
  ]
  const rest = lines.length - MOST_LINES
  const more = rest > 0 && html`<div class="muted">and ${rest} more</div>`
  return more ? [...lines.slice(0, MOST_LINES), more] : lines
}
