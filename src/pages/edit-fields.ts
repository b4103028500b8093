import { html, type Html } from '../text/html.js'
import { digestOf, VALUES, type Opened } from './edited-values.js'
import { checkField, linesField, textField, type Form } from './form.js'

/** The torrents of a form that edits them, and how they are called. */
export interface EditFields {
  readonly torrents: readonly Opened[]
  readonly titleOf: (file: string) => string
}

/** The fields of a form that edits torrents, without those that name the torrents. */
export function editFields(form: Form, { torrents, titleOf }: EditFields): Html {
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

function titlesOf(torrents: readonly Opened[], titleOf: EditFields['titleOf']): Html {
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
