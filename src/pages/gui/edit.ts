import { basename } from 'node:path'
import { BtkitError, inField } from '../../base/errors.js'
import { type FormContext, type FormRoute, formRoutes } from '../forms/app.js'
import { changesOf, checkChosen, editedPage, editPage } from '../forms/edit.js'
import type { Edited, Opened } from '../work/opened.js'
import { Form, linesField } from '../forms/form.js'
import type { Answer } from '../../server/headers/answer.js'
import type { PageParts } from '../forms/frame.js'
import { formAddress, type Job } from '../forms/jobs.js'
import { expand, pickingAnywhere } from '../forms/picker.js'
import { html } from '../../base/text/html.js'
import { counted } from '../../base/text/quantity.js'
import { lookAt } from './look.js'
import { startWork } from '../forms/start-work.js'
import type { WindowParts } from './window.js'

/** The page that edits torrents: fields, then what would change, then the change. */
export function editRoutes(parts: WindowParts): FormRoute[] {
  return formRoutes({
    path: 'edit',
    menu: 'Edit',
    purpose: 'Change trackers, seeds, comments and names of torrents',
    page: ({ page }) => ({
      show: async (form) => page(await formPage(parts, form)),
      act: async (form) => {
        const act = form.text('act')
        if (act === 'preview' || act === 'save') return edit(parts, { form, page })
        return page(await formPage(parts, form.without('digest')))
      },
      picking: pickingAnywhere(parts, page, { action: 'edit', list: 'torrents' }),
    }),
  })
}

async function formPage(parts: WindowParts, form: Form): Promise<PageParts> {
  if (form.text('torrents') === '' || form.text('act') === 'other') return choicePage(form)
  try {
    const torrents = await read(parts, form)
    const more = html`<button name="act" value="other">Other torrents</button>`
    const titleOf = (file: string) => file
    return editPage(form, { torrents, titleOf, carried: ['torrents'], more })
  } catch (cause) {
    if (!(cause instanceof BtkitError)) throw cause
    form.error = cause
    return choicePage(form)
  }
}

function choicePage(form: Form): PageParts {
  return {
    title: 'Edit torrents',
    error: form.error,
    content: html`<form method="post" action="edit">
      <section class="card">
        <h2>Torrents</h2>
        ${linesField(form, {
          name: 'torrents',
          label: 'Paths',
          hint: 'One a line: .torrent files, or folders of them. Choose them, drop them here, or type their paths.',
          kind: 'send',
        })}
      </section>
      <div class="acts">
        <button class="main" name="act" value="open">Edit</button>
        <button name="act" value="browse-torrents">Choose…</button>
      </div>
    </form>`,
  }
}

/** Shows what an edit would change, or does it. */
async function edit(
  parts: WindowParts,
  { form, page }: Pick<FormContext, 'form' | 'page'>,
): Promise<Answer> {
  const torrents = await read(parts, form)
  const files = torrents.map(({ file }) => file)
  const isDry = form.text('act') === 'preview'
  const request = { files, changes: changesOf(form, torrents), isDry }
  if (isDry) return page(editedPage(form, await parts.work.run('edit', request), isDry))
  const [first = ''] = files
  const what = files.length > 1 ? counted(files.length, 'torrent') : basename(first)
  const about = { title: `Edit of ${what}`, tool: 'edit', path: first, form, show: resultPage }
  return startWork(parts, { about, name: 'edit', request })
}

function resultPage(result: readonly Edited[], { about }: Job<Edited[]>): PageParts {
  const edited = editedPage(new Form(), result, false)
  const content = html`${edited.content}
    <p class="acts">
      <a class="button main" href="../${lookAt(about.path)}">Inspect ${basename(about.path)}</a>
      <a class="button" href="${formAddress(about, about.form.only('torrents'))}">Edit again</a>
    </p>`
  return { ...edited, content }
}

async function read({ directory, work }: WindowParts, form: Form): Promise<Opened[]> {
  return inField('torrents', async () => {
    const paths = await Promise.all(form.lines('torrents').map((line) => expand(line, directory)))
    const { torrents: files, failures } = await work.run('torrentsAt', paths)
    for (const error of failures.values()) throw error
    return work.run('open', checkChosen(files))
  })
}
