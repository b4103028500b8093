import type { BtkitError } from '../errors.js'
import { html, type Html } from '../text/html.js'
import type { Excerpt } from './excerpt.js'
import { defaultAct, type Form } from './form.js'
import type { PageParts } from './frame.js'
import { presetField, torrentFields, type Preset } from './torrent-fields.js'
import { count, formatBytes } from '../text/quantity.js'

/** A torrent that was not made yet. */
export interface Plan {
  readonly name: string
  readonly files: number
  /** Bytes of the files. */
  readonly size: number
  readonly pieceCount: number
  readonly pieceLength: number
  /** Bytes of the .torrent. */
  readonly torrentSize: number
  /** Entries that are left out, and why. */
  readonly skipped: Excerpt<{ readonly path: string; readonly reason: string }>
}

/** The parts of a form that makes a torrent. */
export interface MakeForm {
  /** The fields that name the files and the torrent. */
  readonly files: Html
  readonly presets: readonly Preset[]
  readonly error: BtkitError | undefined
  readonly plan: Plan | undefined
}

/** The page of a form that makes a torrent. */
export function makePage(form: Form, { files, presets, error, plan }: MakeForm): PageParts {
  return {
    title: 'Make a torrent',
    error,
    content: html`${plan ? planSection(plan) : null}
      <form method="post" action="make">
        ${defaultAct('make')}
        <fieldset>
          <legend>Files</legend>
          ${files}
        </fieldset>
        ${presetField(form, presets)} ${torrentFields(form)}
        <div class="acts">
          <button class="main" name="act" value="make">Make the torrent</button>
          <button name="act" value="plan">Preview</button>
        </div>
      </form>`,
  }
}

/** Shows a torrent before it is made. */
function planSection(plan: Plan): Html {
  const { files, size, pieceCount, pieceLength, torrentSize, skipped } = plan
  return html`<section aria-label="Preview">
    <h2>Preview: ${plan.name}</h2>
    <p>
      ${count(files, 'file')}, ${formatBytes(size)}, in ${count(pieceCount, 'piece')} of
      ${formatBytes(pieceLength)}. The .torrent will have about ${formatBytes(torrentSize)}.
    </p>
    ${
      skipped.count > 0 &&
      html`<details>
        <summary>${skipped.count} entries are left out</summary>
        <ul>
          ${skipped.first.map(({ path, reason }) => html`<li>${path}: ${reason}</li>`)}
        </ul>
      </details>`
    }
  </section>`
}
