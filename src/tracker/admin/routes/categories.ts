import { BtkitError, inField } from '../../../base/errors.js'
import { Form, query, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable } from '../../../page-parts/table.js'
import { fieldValue, html, type Html, type HtmlValue } from '../../../base/text/html.js'
import type { ListedCategory } from '../storage/places.js'
import { categoryField, type FormsParts } from './parts.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { createCategory, renameCategory, removeCategory } from '../storage/categories.js'

/** The page that creates, renames and removes categories. */
export function categoriesRoutes(parts: FormsParts): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'categories',
    under: 'torrents',
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
  const told = DONE.get(act) ?? ''
  return context.seeOther('categories', html`<p class="note" role="status">${told}</p>`)
}

async function show(
  { collection }: FormsParts,
  { page }: AdminContext,
  form: Form,
): Promise<Answer> {
  const listed = await collection.places.list()
  const [address, act] = [form.text('category'), form.text('act')]
  const chosen = act === 'create' ? undefined : listed.find((each) => each.address === address)
  const above = [{ address: 'torrents', title: 'Torrents' }]
  const list = [...above, { address: 'categories', title: 'Categories' }]
  if (chosen && chosen.names.length > 0)
    return page({
      title: chosen.title,
      above: list,
      error: form.error,
      content: changeForm(chosen),
    })
  const rows = listed.map(({ address, names, title, count }): HtmlValue[] => {
    const change = html`<a
      href="categories${query({ category: address })}"
      aria-label="Change ${title}"
      >change</a
    >`
    const link = html`<a href="torrents${query({ in: address })}">${title}</a>`
    return [link, count, names.length > 0 && change]
  })
  return page({
    title: 'Categories',
    above,
    error: form.error,
    content: html`${renderTable({
        label: 'Categories',
        columns: [['Category', 'name'], ['Torrents', 'n'], ['']],
        rows,
      })}
      <form class="card" method="post" action="categories">
        <h2>New category</h2>
        ${textField(form, { name: 'name', label: 'Name' })}
        ${await categoryField(form, collection, { name: 'parent', label: 'In', isArchived: true })}
        <p class="muted">A category is a folder of the tracker. An empty one can be removed.</p>
        <div class="acts"><button class="main" name="act" value="create">Create</button></div>
      </form>`,
  })
}

/** The ways to change a category; one that is not empty cannot be removed. */
function changeForm({ address, names, isEmpty }: ListedCategory): Html {
  return html`<form class="card" method="post" action="categories">
    <input type="hidden" name="category" value="${fieldValue(address)}" />
    ${textField(new Form({ name: names.at(-1) ?? '' }), { name: 'name', label: 'Name' })}
    <div class="acts">
      <button class="main" name="act" value="rename">Rename</button>
      ${isEmpty && html`<button name="act" value="remove">Remove</button>`}
      <a class="button" href="torrents${query({ in: address })}">Cancel</a>
    </div>
  </form>`
}
