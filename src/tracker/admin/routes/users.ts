import { randomBytes } from 'node:crypto'
import { BtkitError, inField } from '../../../base/errors.js'
import { formRoutes } from '../../../pages/forms/app.js'
import { described, Form, query, selectField, textField } from '../../../pages/forms/form.js'
import type { Answer } from '../../../server/headers/answer.js'
import { renderTable } from '../../../page-parts/table.js'
import { type Html, html } from '../../../base/text/html.js'
import { checkNewPassword, checkUserName, newUserId, SHORTEST_PASSWORD } from '../access/users.js'
import { type Action, type AdminContext, type AdminRoute, PASSWORD_FIELDS } from '../frame/visit.js'

/** The pages on which admins add and remove users, and change their roles and passwords. */
export function usersRoutes(): AdminRoute[] {
  return [
    ...formRoutes<AdminContext, Action>({
      path: 'users',
      menu: 'People',
      needs: 'appoint',
      page: (context) => ({
        show: (form) => show(context, form),
        act: (form) => change(context, form),
      }),
    }),
    { method: 'GET', path: 'user', under: 'users', needs: 'appoint', handle: showUser },
  ]
}

/** The actions in the log by the buttons of the page. */
const ACTIONS = new Map([
  ['add', 'add user'],
  ['reset', 'reset the password'],
  ['role', 'change the role'],
  ['remove', 'remove user'],
])

const ROLES = [
  ['uploader', 'uploader: adds torrents, and changes only those'],
  ['admin', 'admin: may do everything'],
] as const

/** Bytes of a password that is made here. */
const RANDOM = 12

async function change(context: AdminContext, form: Form): Promise<Answer> {
  const act = form.text('act')
  const name = inField('name', () => checkUserName(form.text('name')))
  const action = ACTIONS.get(act)
  if (action === undefined) throw new BtkitError('usage', 'unknown action; load the page again')
  if (name === context.user.name && act !== 'add')
    throw new BtkitError('usage', 'this is your own account; ask another administrator')
  const password = randomBytes(RANDOM).toString('base64url')
  const isGiven = act === 'add' || act === 'reset'
  const hash = isGiven ? await context.hashPassword(password) : null
  const wanted = form.text('role') === 'admin' ? 'admin' : 'uploader'
  await context.changeUsers((users) => {
    const before = users.get(name)
    if (before && act === 'add')
      throw new BtkitError('exists', `${name}: already exists`).in('name')
    if (!before && act !== 'add') throw new BtkitError('not-found', `${name}: was removed before`)
    if (act === 'remove') users.delete(name)
    else if (before && act === 'role') users.set(name, { ...before, role: wanted })
    else if (before && hash) users.set(name, { ...before, hash, isTemporary: true })
    else if (hash)
      users.set(name, { name, id: newUserId(name), role: wanted, hash, isTemporary: true })
  })
  await context.note(action, name)
  const given = html`${name} logs in with the password <code>${password}</code> and then chooses
    another one. Nobody can see it again; you can reset it.`
  const done = act === 'role' ? `${name} is ${wanted} now.` : `${name} was removed.`
  const told = isGiven ? given : done
  return context.seeOther('users', html`<p class="note" role="status">${told}</p>`)
}

async function show(context: AdminContext, form: Form): Promise<Answer> {
  // The forms of existing users have a field of the same name
  const own = form.text('act') === 'add' ? form : new Form()
  const rows = (await context.users()).map((user) => {
    const { name, role, isTemporary } = user
    const state = isTemporary ? `${role}, with a temporary password` : role
    const log = html`<a href="log${query({ user: name })}">${name}</a>`
    const change = html`<a href="user${query({ name })}" aria-label="Change ${name}">change</a>`
    return [log, state, name !== context.user.name && change]
  })
  const columns = [['User', 'name'], ['Role'], ['']] as const
  return context.page({
    title: 'People',
    error: form.error,
    content: html`${renderTable({ label: 'Users', columns, rows })}
      <form class="card" method="post" action="users">
        <h2>New user</h2>
        ${textField(own, { name: 'name', label: 'Name', most: 32 })}
        ${selectField(own, { name: 'role', label: 'Role', choices: ROLES })}
        <div class="acts"><button class="main" name="act" value="add">Add</button></div>
      </form>`,
  })
}

/** The page that asks what to do with a user. */
async function showUser(context: AdminContext): Promise<Answer> {
  const name = checkUserName(context.query.text('name'))
  const user = (await context.users()).find((each) => each.name === name)
  if (!user) throw new BtkitError('not-found', `${name}: was removed before`)
  const choice = new Form({ role: user.role })
  return context.page({
    title: `User ${name}`,
    above: [{ address: 'users', title: 'People' }],
    content: html`<form class="card" method="post" action="users">
      <input type="hidden" name="name" value="${name}" />
      ${selectField(choice, { name: 'role', label: 'Role', choices: ROLES })}
      <div class="acts">
        <button class="main" name="act" value="role">Change the role</button>
        <button name="act" value="reset">Reset the password</button>
        <a class="button" href="users">Cancel</a>
      </div>
      <details>
        <summary>Remove ${name}…</summary>
        <p>The torrents of ${name} stay. <button name="act" value="remove">Remove</button></p>
      </details>
      <p class="muted">
        Sessions of the user end with a new password, and when the user is removed.
      </p>
    </form>`,
  })
}

/** The page on which users change their password. */
export function accountRoutes(): AdminRoute[] {
  return formRoutes<AdminContext, Action>({
    path: 'account',
    page: (context) => ({
      show: (form) => showAccount(context, form),
      act: (form) => changePassword(context, form),
    }),
  })
}

async function changePassword(context: AdminContext, form: Form): Promise<Answer> {
  const [current = '', fresh = '', again] = PASSWORD_FIELDS.map((name) => form.raw(name))
  if (fresh !== again)
    throw new BtkitError('usage', 'the new passwords differ; type them again').in('again')
  const wanted = inField('fresh', () => checkNewPassword(fresh))
  await context.changePassword(current, wanted)
  const note = 'Your password is changed. Other sessions of yours have ended.'
  return context.seeOther('account', html`<p class="note" role="status">${note}</p>`)
}

function showAccount(context: AdminContext, form: Form): Answer {
  const { name, isTemporary } = context.user
  return context.page({
    title: name,
    error: form.error,
    content: html`${
        isTemporary &&
        html`<p class="note">An administrator set this password. Choose one that only you know.</p>`
      }
      <form method="post" action="account" class="card">
        <h2>Change your password</h2>
        ${passwordField(form, 'current', 'Current one', 'current-password')}
        ${passwordField(form, 'fresh', 'New one', 'new-password')}
        ${passwordField(form, 'again', 'Once more', 'new-password')}
        <p class="muted">At least ${SHORTEST_PASSWORD} characters.</p>
        <div class="acts"><button class="main">Change</button></div>
      </form>`,
  })
}

function passwordField(form: Form, name: string, label: string, kind: string): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      type="password"
      id="${name}"
      name="${name}"
      autocomplete="${kind}"
      required
      ${described(form, { name })}
    />
  </div>`
}
