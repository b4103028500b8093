import { BtkitError } from '../../errors.js'
import { formRoutes } from '../../pages/app.js'
import type { Form } from '../../pages/form.js'
import type { Answer } from '../../pages/frame.js'
import { renderTable } from '../../pages/table.js'
import { html, type Html } from '../../text/html.js'
import { checkNewPassword, SHORTEST_PASSWORD } from '../access/users.js'
import type { Action, AdminContext, AdminRoute } from '../frame/visit.js'

/** The page on which users change their password, and admins see who may log in. */
export function accountRoutes(): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'account',
    page: (context) => ({
      show: (_, error) => show(context, error),
      act: (form) => change(context, form),
    }),
  })
}

async function change(context: AdminContext, form: Form): Promise<Answer> {
  const [current, fresh, again] = ['current', 'fresh', 'again'].map((name) => form.raw(name))
  if (fresh !== again) throw new BtkitError('usage', 'the new passwords differ; type them again')
  await context.changePassword(current ?? '', checkNewPassword(fresh ?? ''))
  const note = 'Your password is changed. Other sessions of yours have ended.'
  return context.seeOther('account', html`<p class="note" role="status">${note}</p>`)
}

async function show(context: AdminContext, error?: BtkitError): Promise<Answer> {
  const users = context.may('audit') ? await context.users() : []
  return context.page({
    title: context.user.name,
    error,
    content: html`<form method="post" action="account" class="log-in">
        <fieldset>
          <legend>Change your password</legend>
          ${passwordField('current', 'Current one', 'current-password')}
          ${passwordField('fresh', 'New one', 'new-password')}
          ${passwordField('again', 'Once more', 'new-password')}
          <p class="muted">At least ${SHORTEST_PASSWORD} characters.</p>
          <div class="acts"><button class="main">Change</button></div>
        </fieldset>
      </form>
      ${users.length > 0 && userTable(users)}`,
  })
}

function passwordField(name: string, label: string, kind: string): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input type="password" id="${name}" name="${name}" autocomplete="${kind}" required />
  </div>`
}

function userTable(users: readonly AdminContext['user'][]): Html {
  const rows = users.map(({ name, role }) => {
    return [html`<a href="log?${new URLSearchParams({ user: name }).toString()}">${name}</a>`, role]
  })
  const columns = [{ title: 'User', kind: 'name' }, { title: 'Role' }] as const
  return html`<section>
    <h2>Users</h2>
    ${renderTable({ label: 'Users', columns, rows })}
    <p class="muted">
      <code>btkit admin passwd NAME</code> adds a user, or sets a lost password;
      <code>btkit admin remove NAME</code> removes one.
    </p>
  </section>`
}
