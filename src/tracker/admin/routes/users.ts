import { randomBytes } from 'node:crypto'
import { BtkitError } from '../../../base/errors.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { Form, query, selectField, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../pages/forms/frame.js'
import { renderTable } from '../../../pages/forms/table.js'
import { html, type Html } from '../../../base/text/html.js'
import { checkNewPassword, checkUserName, SHORTEST_PASSWORD, type User } from '../access/users.js'
import { type Action, type AdminContext, type AdminRoute, PASSWORD_FIELDS } from '../frame/visit.js'
import type { FilledForm } from './parts.js'

/** The page on which admins add and remove users, and reset their passwords. */
export function usersRoutes(): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'users',
    menu: 'Users',
    needs: 'appoint',
    page: (context) => ({
      show: (form, error) => show(context, { form, error }),
      act: (form) => change(context, form),
    }),
  })
}

/** The actions in the log by the buttons of the page. */
const ACTIONS = new Map([
  ['add', 'add user'],
  ['reset', 'reset the password'],
  ['remove', 'remove user'],
])

/** Bytes of a password that is made here. */
const RANDOM = 12

async function change(context: AdminContext, form: Form): Promise<Answer> {
  const [act, name] = [form.text('act'), checkUserName(form.text('name'))]
  const action = ACTIONS.get(act)
  if (action === undefined) throw new BtkitError('usage', 'unknown action; load the page again')
  if (name === context.user.name && act !== 'add')
    throw new BtkitError('usage', 'this is your own account; ask another administrator')
  const password = randomBytes(RANDOM).toString('base64url')
  const hash = act === 'remove' ? null : await context.hashPassword(password)
  await context.changeUsers((users) => {
    const before = users.get(name)
    if (before && act === 'add') throw new BtkitError('exists', `${name}: already exists`)
    if (!before && act !== 'add') throw new BtkitError('not-found', `${name}: was removed before`)
    const role = before?.role ?? (form.text('role') === 'admin' ? 'admin' : 'uploader')
    if (hash === null) users.delete(name)
    else users.set(name, { name, role, hash, isTemporary: true })
  })
  await context.note(action, name)
  const given = html`${name} logs in with the password <code>${password}</code> and then chooses
    another one. Nobody can see it again; you can reset it.`
  const told = hash === null ? `${name} was removed.` : given
  return context.seeOther('users', html`<p class="note" role="status">${told}</p>`)
}

async function show(context: AdminContext, { form, error }: FilledForm): Promise<Answer> {
  // The forms of existing users have a field of the same name
  const own = form.text('act') === 'add' ? form : new Form()
  const choices = [
    ['uploader', 'uploader: adds torrents, and changes only those'],
    ['admin', 'admin: may do everything'],
  ] as const
  const rows = (await context.users()).map((user) => {
    const { name, role, isTemporary } = user
    const state = isTemporary ? `${role}, with a temporary password` : role
    const log = html`<a href="log${query({ user: name })}">${name}</a>`
    return [log, state, name !== context.user.name && changeForm(user)]
  })
  const columns = [{ title: 'User', kind: 'name' }, { title: 'Role' }, { title: '' }] as const
  return context.page({
    title: 'Users',
    error,
    content: html`<form method="post" action="users">
        <fieldset>
          <legend>New user</legend>
          ${textField(own, { name: 'name', label: 'Name', most: 32 })}
          ${selectField(own, { name: 'role', label: 'Role', choices })}
          <div class="acts"><button class="main" name="act" value="add">Add</button></div>
        </fieldset>
      </form>
      <section>${renderTable({ label: 'Users', columns, rows })}</section>`,
  })
}

function changeForm({ name }: Pick<User, 'name'>): Html {
  return html`<form class="with" method="post" action="users">
    <input type="hidden" name="name" value="${name}" />
    <button name="act" value="reset" aria-label="Reset password of ${name}">Reset password</button>
    <button name="act" value="remove" aria-label="Remove ${name}">Remove</button>
  </form>`
}

/** The page on which users change their password. */
export function accountRoutes(): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'account',
    page: (context) => ({
      show: (_, error) => showAccount(context, error),
      act: (form) => changePassword(context, form),
    }),
  })
}

async function changePassword(context: AdminContext, form: Form): Promise<Answer> {
  const [current, fresh, again] = PASSWORD_FIELDS.map((name) => form.raw(name))
  if (fresh !== again) throw new BtkitError('usage', 'the new passwords differ; type them again')
  await context.changePassword(current ?? '', checkNewPassword(fresh ?? ''))
  const note = 'Your password is changed. Other sessions of yours have ended.'
  return context.seeOther('account', html`<p class="note" role="status">${note}</p>`)
}

function showAccount(context: AdminContext, error?: BtkitError): Answer {
  const { name, isTemporary } = context.user
  return context.page({
    title: name,
    error,
    content: html`${
        isTemporary &&
        html`<p class="note">An administrator set this password. Choose one that only you know.</p>`
      }
      <form method="post" action="account" class="log-in">
        <fieldset>
          <legend>Change your password</legend>
          ${passwordField('current', 'Current one', 'current-password')}
          ${passwordField('fresh', 'New one', 'new-password')}
          ${passwordField('again', 'Once more', 'new-password')}
          <p class="muted">At least ${SHORTEST_PASSWORD} characters.</p>
          <div class="acts"><button class="main">Change</button></div>
        </fieldset>
      </form>`,
  })
}

function passwordField(name: string, label: string, kind: string): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input type="password" id="${name}" name="${name}" autocomplete="${kind}" required />
  </div>`
}
