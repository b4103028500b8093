import { answerForm, type FormPage } from '../../pages/form-page.js'
import type { AdminContext, AdminRoute } from './visit.js'

/** The routes of a page with a form: GET shows it, and POST does what it asks for. */
export function formRoutes({
  page,
  ...route
}: Pick<AdminRoute, 'path' | 'menu' | 'needs'> & {
  readonly page: (context: AdminContext) => FormPage
}): AdminRoute[] {
  return [
    { ...route, method: 'GET', handle: (context) => page(context).show(context.query) },
    {
      ...route,
      method: 'POST',
      menu: undefined,
      handle: (context) => answerForm(context.form, page(context)),
    },
  ]
}
