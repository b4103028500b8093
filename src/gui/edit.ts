import { basename } from 'node:path'
import { BtkitError } from '../errors.js'
import {
  changesOf,
  type Edited,
  editedPage,
  editPage,
  type Opened,
  refuseChanged,
} from '../pages/edit.js'
import { Form, linesField } from '../pages/form.js'
import { type Answer, seeOther } from '../pages/frame.js'
import { formAddress, type Job } from '../pages/jobs.js'
import { expand } from '../pages/picker.js'
import { torrentsIn } from '../core/find-torrents.js'
import { html } from '../text/html.js'
import { counted } from '../text/quantity.js'
import { lookAt } from './look.js'
import { page, startWork, type Tool, type Workshop } from './window.js'

/** The most torrents that are edited at once. */
const MOST_EDITED = 1000

/** The tool that edits torrents: fields, then what would change, then the change. */
export class EditTool implements Tool {
  readonly path = 'edit'
  readonly list = 'torrents'

  constructor(private readonly shop: Workshop) {}

  async show(form: Form, error?: BtkitError): Promise<Answer> {
    if (form.text('torrents') === '' || form.text('act') === 'other')
      return this.#choose(form, error)
    try {
      const torrents = await this.#read(form)
      const more = html`<button name="act" value="other">Other torrents</button>`
      const shown = {
        torrents,
        titleOf: (file: string) => file,
        carried: ['torrents'],
        more,
        error,
      }
      return page({ ...editPage(form, shown), tool: 'edit' })
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
    const isDry = act === 'preview'
    const request = { files: torrents.map(({ file }) => file), changes, isDry }
    if (isDry) {
      const edited = await this.shop.work.run('edit', request)
      return page({ ...editedPage(form, edited, isDry), tool: 'edit' })
    }
    const [first = ''] = request.files
    const what = torrents.length > 1 ? counted(torrents.length, 'torrent') : basename(first)
    const about = { title: `Edit of ${what}`, tool: 'edit', path: first, form }
    const job = await startWork(this.shop, { about, name: 'edit', request })
    return seeOther(`job/${job.id}`)
  }

  result({ result, about }: Job): Answer {
    const edited = editedPage(new Form(), result as readonly Edited[], false)
    const content = html`${edited.content}
      <p class="acts">
        <a class="main" href="../${lookAt(about.path)}">Inspect ${basename(about.path)}</a>
        <a href="${formAddress(about, about.form.only('torrents'))}">Edit again</a>
      </p>`
    return page({ ...edited, content, tool: 'edit', root: '../' })
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

  async #read(form: Form): Promise<Opened[]> {
    const files = form.lines('torrents').flatMap((line) => {
      return torrentsIn(expand(line, this.shop.directory))
    })
    if (files.length === 0) throw new BtkitError('usage', 'no torrent was chosen')
    if (files.length > MOST_EDITED)
      throw new BtkitError('usage', `at most ${MOST_EDITED} torrents are edited at once`)
    return this.shop.work.run('open', files)
  }
}
