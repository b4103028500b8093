import { BtkitError, inField } from '../../../base/errors.js'
import { Form, query, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable } from '../../../page-parts/table.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../../base/text/html.js'
import { categoryField, type FormsParts } from './parts.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { createCategory, renameCategory, removeCategory } from '../storage/categories.js'

/** The page that creates, renames and removes categories. */
export function categoriesRoutes(parts: FormsParts): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'categories',
    menu: 'Categories',
    needs: 'organize',
    page: (context) => ({
      show: (form) => show(parts, context, form),
      act: (form) => change(parts, context, form),
    }),
  })
}

/** Words for each change, by the buttons of the page. */
const DONE = new Map([
  ['create', 'The category is created.'],
  ['rename', 'The category is renamed.'],
  ['remove', 'The category is removed.'],
])

async function change(parts: FormsParts, context: AdminContext, form: Form): Promise<Answer> {
  const { collection } = parts
  const [act, address, name] = [form.text('act'), form.text('category'), form.text('name')]
  if (act === 'create')
    await inField('name', () => createCategory(collection, context, form.text('parent'), name))
  else if (act === 'rename') await renameCategory(collection, context, address, name)
  else if (act === 'remove') await removeCategory(collection, context, address)
  else throw new BtkitError('usage', 'unknown action; load the page again')
  await parts.changed()
  const told = DONE.get(act) ?? ''
  return context.seeOther('categories', html`<p class="note" role="status">${told}</p>`)
}

async function show(
  { collection }: FormsParts,
  { page }: AdminContext,
  form: Form,
): Promise<Answer> {
  const listed = await collection.places.list()
  const rows = listed.map(({ address, names, title, count, isEmpty }): HtmlValue[] => {
    const name = names.at(-1)
    return [
      html`<a href="torrents${query({ in: address })}">${title}</a>`,
      count,
      name !== undefined && changeForm(address, name, title, isEmpty),
    ]
  })
  // The forms of existing categories have a field of the same name
  const own = form.text('act') === 'create' ? form : new Form()
  return page({
    title: 'Categories',
    error: form.error,
    content: html`<p class="muted">
        A category is a folder of the tracker. An empty one can be removed.
      </p>
      <form method="post" action="categories">
        <fieldset>
          <legend>New category</legend>
          ${textField(own, { name: 'name', label: 'Name' })}
          ${await categoryField(own, collection, { name: 'parent', label: 'In', isArchived: true })}
          <div class="acts"><button class="main" name="act" value="create">Create</button></div>
        </fieldset>
      </form>
      <section>
        ${renderTable({
          label: 'Categories',
          columns: [['Category', 'name'], ['Torrents', 'n'], ['']],
          rows,
        })}
      </section>`,
  })
}

/** The ways to change a category; one that is not empty cannot be removed. */
function changeForm(address: string, name: string, title: string, isEmpty: boolean): Html {
  const category = html`<input type="hidden" name="category" value="${fieldValue(address)}" />`
  const field = html`<input
    type="text"
    name="name"
    value="${fieldValue(name)}"
    aria-label="New name of ${title}"
    autocomplete="off"
  />`
  const save = html`<button name="act" value="rename" aria-label="Save ${title}">Save</button>`
  const remove = html`<form method="post" action="categories">
    ${category} <button name="act" value="remove" aria-label="Remove ${title}">Remove</button>
  </form>`
  return html`<details class="rename">
      <summary aria-label="Rename ${title}">Rename</summary>
      <form class="with" method="post" action="categories">${category} ${field} ${save}</form>
    </details>
    ${isEmpty && remove}`
}
