import { BtkitError } from '../../../base/errors.js'
import { formRoutes } from '../../../pages/forms/app.js'
import type { Form } from '../../../pages/forms/form.js'
import type { Answer } from '../../../pages/forms/frame.js'
import { html, type Html } from '../../../base/text/html.js'
import { checkNewPassword, SHORTEST_PASSWORD } from '../access/users.js'
import { type Action, type AdminContext, type AdminRoute, PASSWORD_FIELDS } from '../frame/visit.js'

/** The page on which users change their password. */
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
  const [current, fresh, again] = PASSWORD_FIELDS.map((name) => form.raw(name))
  if (fresh !== again) throw new BtkitError('usage', 'the new passwords differ; type them again')
  await context.changePassword(current ?? '', checkNewPassword(fresh ?? ''))
  const note = 'Your password is changed. Other sessions of yours have ended.'
  return context.seeOther('account', html`<p class="note" role="status">${note}</p>`)
}

function show(context: AdminContext, error?: BtkitError): Answer {
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
