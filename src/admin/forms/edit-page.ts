import { basename } from 'node:path'
import type { BtkitError } from '../../errors.js'
import {
  changesOf,
  commonValues,
  diffOf,
  privateField,
  type Opened,
} from '../../pages/edited-values.js'
import { editFields } from '../../pages/edit-fields.js'
import type { Form } from '../../pages/form.js'
import { hiddenFields } from '../../pages/form.js'
import { answerForm, type FormPage } from '../../pages/form-page.js'
import { problem, type Answer } from '../../pages/frame.js'
import { fieldValue, html, type Html } from '../../text/html.js'
import { count } from '../../text/quantity.js'
import type { AdminContext, AdminRoute } from '../frame/visit.js'
import { editTorrents, openTorrents, type EditedTorrent } from '../torrents/edit.js'
import { query, type FormsParts } from './parts.js'

/** The pages that edit torrents: fields, then what would change, then the change. */
export function editRoutes(parts: FormsParts): AdminRoute[] {
  const handle = (context: AdminContext) => answerForm(context.form, editPage(parts, context))
  return [{ method: 'POST', path: 'edit', handle }]
}

/** The page of the torrents that a form names. */
export function editPage(parts: FormsParts, context: AdminContext): FormPage {
  const show = async (form: Form, error?: BtkitError) => {
    // The form would keep values that somebody else has changed
    if (error?.code === 'changed') throw error
    const torrents = await openTorrents(parts.collection, context, form.all('torrent'))
    return fieldsPage(context, torrents, error)
  }
  return {
    show,
    act: (form) => {
      const act = form.text('act')
      const isDry = act === 'preview'
      return isDry || act === 'save' ? edit(parts, context, isDry) : show(form)
    },
  }
}

function fieldsPage(
  { form, page }: AdminContext,
  torrents: readonly Opened[],
  error: BtkitError | undefined,
): Answer {
  const isFresh = !form.has('digest')
  const values = { ...commonValues(torrents), ...privateField(torrents) }
  const filled = isFresh ? form.with(values) : form
  const many = torrents.length > 1
  return page({
    title: many
      ? `Edit ${torrents.length} torrents`
      : `Edit ${basename(torrents[0]?.file ?? 'nothing')}`,
    error,
    content: html`<form method="post" action="edit">
      ${torrentFields(form)} ${editFields(filled, { torrents, titleOf: (file) => basename(file) })}
      <div class="acts">
        <button class="main" name="act" value="preview">Show what would change</button>
      </div>
    </form>`,
  })
}

/** The fields that name the torrents and the page to go back to. */
function torrentFields(form: Form): Html[] {
  const names = form.all('torrent').map((address) => {
    return html`<input type="hidden" name="torrent" value="${fieldValue(address)}" />`
  })
  return [html`<input type="hidden" name="in" value="${fieldValue(form.text('in'))}" />`, ...names]
}

async function edit(parts: FormsParts, context: AdminContext, isDry: boolean): Promise<Answer> {
  const { form } = context
  const outcomes = await editTorrents(parts.collection, context, {
    torrents: form.all('torrent'),
    digest: form.text('digest'),
    changesOf: (opened) => changesOf(form, opened),
    isDry,
  })
  if (!isDry) parts.changed()
  const changed = outcomes.filter((each) => each.error === null && each.isChanged).length
  const verb = isDry ? 'would change' : 'changed'
  return context.page({
    title: `${count(changed, 'torrent')} ${verb}`,
    content: html`${outcomes.map(resultOf)} ${isDry ? saveForm(form, changed > 0) : back(form)}`,
  })
}

function resultOf(outcome: EditedTorrent): Html | null {
  const name = basename(outcome.address)
  if (outcome.error === null)
    return outcome.isChanged ? diffOf(name, outcome.before, outcome.after) : null
  return html`<section>
    <h2 class="name">${name}</h2>
    ${problem(outcome.error)}
  </section>`
}

function saveForm(form: Form, hasChanges: boolean): Html {
  return html`<form method="post" action="edit">
    ${hiddenFields(form.without('act'))}
    <div class="acts">
      ${hasChanges && html`<button class="main" name="act" value="save">Save</button>`}
      <button name="act" value="again">Back to the fields</button>
    </div>
  </form>`
}

function back(form: Form): Html {
  return html`<p><a href="torrents${query({ in: form.text('in') })}">Back to the torrents</a></p>`
}
