import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { BtkitError } from '../../errors.js'
import type { TorrentChanges } from '../../library/changes.js'
import { fieldValue, html, type Html } from '../../text/html.js'
import { count } from '../../text/quantity.js'
import { problem, type Answer } from '../../pages/frame.js'
import { page } from '../window.js'
import { editFields } from '../../pages/edit-fields.js'
import type { Form } from '../../pages/form.js'
import { hiddenFields, linesField } from '../../pages/form.js'
import { expand, isDirectoryAt, type PickRules } from '../../pages/picker.js'
import {
  changesOf,
  commonValues,
  diffOf,
  privateField,
  refuseChanged,
  type Opened,
} from '../../pages/edited-values.js'
import type { Job } from '../../pages/jobs.js'
import type { Edited } from '../work/edit.js'
import { pickingFor, type Tool, type Workshop } from './tool.js'

/** The most torrents that are edited at once. */
const MOST_EDITED = 1000

/** The tool that edits torrents: fields, then what would change, then the change. */
export class EditTool implements Tool {
  readonly path = 'edit'

  constructor(private readonly shop: Workshop) {}

  get picking(): PickRules {
    return pickingFor('edit', this.shop, 'torrents')
  }

  async show(form: Form, error?: BtkitError): Promise<Answer> {
    if (form.text('torrents') === '' || form.text('act') === 'other')
      return this.#choose(form, error)
    try {
      const torrents = await this.#read(form)
      const isFresh = !form.has('digest')
      const filled = isFresh
        ? form.with({ ...commonValues(torrents), ...privateField(torrents) })
        : form
      return this.#fields(filled, torrents, error)
    } catch (cause) {
      if (cause instanceof BtkitError) return this.#choose(form, cause)
      throw cause
    }
  }

  async act(form: Form): Promise<Answer> {
    const act = form.text('act')
    if (act !== 'preview' && act !== 'save') return this.show(form.without('digest'))
    const torrents = await this.#read(form)
    refuseChanged(torrents, form.text('digest'))
    const changes = changesOf(form, torrents)
    return this.#edit(form, { torrents, changes, isDry: act === 'preview' })
  }

  /** An edit has no job: it takes milliseconds. */
  result(job: Job): Answer {
    return page({ title: job.about.title, tool: 'edit', root: '../', content: null })
  }

  #choose(form: Form, error?: BtkitError): Answer {
    return page({
      title: 'Edit torrents',
      tool: 'edit',
      error,
      content: html`<form method="post" action="edit">
        <fieldset>
          <legend>Torrents</legend>
          ${linesField(form, { name: 'torrents', label: 'Paths', hint: 'One a line.' })}
        </fieldset>
        <div class="acts">
          <button class="main" name="act" value="open">Open</button>
          <button name="act" value="browse-torrents">Choose...</button>
        </div>
      </form>`,
    })
  }

  #fields(form: Form, torrents: readonly Opened[], error?: BtkitError): Answer {
    const many = torrents.length > 1
    return page({
      title: many
        ? `Edit ${torrents.length} torrents`
        : `Edit ${basename(torrents[0]?.file ?? '')}`,
      tool: 'edit',
      error,
      content: html`<form method="post" action="edit">
        <input type="hidden" name="torrents" value="${fieldValue(form.text('torrents'))}" />
        ${editFields(form, { torrents, titleOf: (file) => file })}
        <div class="acts">
          <button class="main" name="act" value="preview">Show what would change</button>
          <button name="act" value="other">Other torrents</button>
        </div>
      </form>`,
    })
  }

  async #read(form: Form): Promise<Opened[]> {
    const files = form.lines('torrents').flatMap((line) => {
      return torrentsAt(expand(line, this.shop.directory))
    })
    if (files.length === 0) throw new BtkitError('usage', 'no torrent was chosen')
    if (files.length > MOST_EDITED)
      throw new BtkitError('usage', `at most ${MOST_EDITED} torrents are edited at once`)
    return this.shop.work.run('open', files)
  }

  async #edit(form: Form, { torrents, changes, isDry }: Edit): Promise<Answer> {
    const files = torrents.map(({ file }) => file)
    const edited = await this.shop.work.run('edit', { files, changes, isDry })
    const changed = edited.filter((each) => !('error' in each)).length
    const title = isDry
      ? `${count(changed, 'torrent')} would change`
      : `${count(changed, 'torrent')} changed`
    const save = html`<form method="post" action="edit">
      ${hiddenFields(form.without('act'))}
      <div class="acts">
        ${changed > 0 && html`<button class="main" name="act" value="save">Save</button>`}
        <button name="act" value="again">Back to the fields</button>
      </div>
    </form>`
    return page({ title, tool: 'edit', content: html`${edited.map(editedOf)} ${isDry && save}` })
  }
}

function editedOf(edited: Edited): Html {
  if (!('error' in edited)) return diffOf(edited.file, edited.before, edited.after)
  return html`<section>
    <h2 class="name">${edited.file}</h2>
    ${problem({ message: edited.error })}
  </section>`
}

interface Edit {
  readonly torrents: readonly Opened[]
  readonly changes: TorrentChanges
  /** Whether to write nothing. */
  readonly isDry: boolean
}

/** The torrents in a directory, or the file itself. */
function torrentsAt(path: string): string[] {
  if (!isDirectoryAt(path)) return [path]
  const names = readdirSync(path).filter((name) => name.endsWith('.torrent'))
  return names.sort().map((name) => join(path, name))
}
