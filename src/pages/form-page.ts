import { BtkitError } from '../errors.js'
import { Form } from './form.js'
import type { Answer } from './frame.js'
import { pick, type PickRules } from './picker.js'

/** A page with a form. */
export interface FormPage {
  /** Shows the form, below what went wrong. */
  readonly show: (form: Form, error?: BtkitError) => Answer | Promise<Answer>
  /**
   * Does what a form asks for.
   * @throws BtkitError, which is shown above the form
   */
  readonly act: (form: Form) => Answer | Promise<Answer>
  /** The rules of the form's pickers of files; none if it has no pickers. */
  readonly picking?: PickRules | undefined
}

/** Answers a form: by a picker of files if it asks for one, or else by what it does. */
export async function answerForm(given: Form, page: FormPage): Promise<Answer> {
  try {
    const form = page.picking ? pick(given, page.picking) : given
    return form instanceof Form ? await page.act(form) : form
  } catch (error) {
    if (error instanceof BtkitError) return page.show(given, error)
    throw error
  }
}
