import { basename } from 'node:path'
import type { BtkitError } from '../errors.js'
import { html, type Html } from '../text/html.js'
import { count } from '../text/quantity.js'
import {
  commonValues,
  differentValues,
  diffOf,
  digestOf,
  privateField,
  VALUES,
  type Edited,
  type Opened,
} from './edited-values.js'
import { checkField, hiddenFields, linesField, textField, type Form } from './form.js'
import { problem, type PageParts } from './frame.js'

/** The torrents of a form that edits them. */
export interface EditForm {
  readonly torrents: readonly Opened[]
  readonly titleOf: (file: string) => string
  /** The fields that name the torrents. */
  readonly carried: readonly string[]
  /** More buttons. */
  readonly more?: Html
  readonly error: BtkitError | undefined
}

/**
 * The page of a form that edits torrents. A new form has the values that they share, and so has one
 * whose torrents somebody else changed: its own values would undo that, and are listed apart.
 */
export function editPage(
  form: Form,
  { torrents, titleOf, carried, more, error }: EditForm,
): PageParts {
  const shared = { ...commonValues(torrents), ...privateField(torrents) }
  const isLate = error?.code === 'changed'
  const filled = form.has('digest') && !isLate ? form : form.without('private').with(shared)
  const [only, ...others] = torrents
  const what = others.length > 0 ? count(torrents.length, 'torrent') : basename(only?.file ?? '')
  return {
    title: `Edit ${what}`,
    error,
    ...(isLate ? { status: 409 } : {}),
    content: html`${isLate && lateValues(form, torrents)}
      <form method="post" action="edit">
        ${hiddenFields(form.only(...carried))} ${editFields(filled, torrents, titleOf)}
        <div class="acts">
          <button class="main" name="act" value="preview">Show what would change</button>
          ${more ?? null}
        </div>
      </form>`,
  }
}

/** The values of a form that came too late, to be copied. */
function lateValues(form: Form, torrents: readonly Opened[]): Html | false {
  const rows = differentValues(form, torrents).map(({ name, label }) => {
    const [first = '', ...others] = form.text(name).split(/\r\n?|\n/)
    return html`<dt>${label}</dt>
      <dd class="diff">${first || '(empty)'}${others.map((line) => html`<br />${line}`)}</dd>`
  })
  return (
    rows.length > 0 &&
    html`<section>
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
    title: `${count(changed, 'torrent')} ${isDry ? 'would change' : 'changed'}`,
    content: html`${edited.map(sectionOf)} ${isDry && save}`,
  }
}

function sectionOf(edited: Edited): Html {
  return html`<section>
    <h2 class="name">${edited.file}</h2>
    ${'error' in edited ? problem({ message: edited.error }) : diffOf(edited.before, edited.after)}
  </section>`
}

/** The fields of the values, without those that name the torrents. */
function editFields(form: Form, torrents: readonly Opened[], titleOf: EditForm['titleOf']): Html {
  const many = torrents.length > 1
  return html`<input type="hidden" name="digest" value="${digestOf(torrents)}" />
    ${many && titlesOf(torrents, titleOf)}
    <fieldset>
      <legend>Values</legend>
      ${VALUES.map((value) => valueField(form, value, torrents))}
      ${!many && checkField(form, 'Peers', [['private', 'private: from these trackers only']])}
    </fieldset>
    <p class="muted">
      Name, source tag and private are parts of the info hash: if you change them, the torrent gets
      another swarm.
    </p>`
}

function titlesOf(torrents: readonly Opened[], titleOf: EditForm['titleOf']): Html {
  return html`<details>
    <summary>The torrents</summary>
    <ul>
      ${torrents.map(({ file }) => html`<li class="name">${titleOf(file)}</li>`)}
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
  if (kind === 'text') return textField(form, { name, label, hint })
  return linesField(form, { name, label, hint, ...(kind === 'tiers' ? { kind } : {}) })
}
