import { textFields } from './base.js'
import { all } from './elements.js'

/** The longest form that is kept, in characters: it goes through an address. */
const LONGEST = 8000

/** The state of a page from which a form was sent. */
interface SentState {
  readonly sent?: string
}

for (const form of all(HTMLFormElement, 'form[data-keep]')) keepForm(form)

/**
 * Keeps what was typed into a form that is left by the menu, until the tab is closed, and into one
 * that was sent, for Back. The program fills in a kept form as from any address. Browsers do so
 * themselves after Back, unless the form has another field by then, such as the presets.
 */
function keepForm(form: HTMLFormElement): void {
  const key = location.pathname
  const write = () => {
    const fields = textFields(form).filter(([, value]) => value !== '')
    return new URLSearchParams(fields).toString()
  }
  const [navigation] = performance.getEntriesByType('navigation')
  const type = navigation instanceof PerformanceNavigationTiming ? navigation.type : null
  const kept = sessionStorage.getItem(key)
  const isEmpty = !location.search && !document.querySelector('.error, .note, [data-plan] section')
  if (type === 'navigate' && isEmpty && kept) location.replace(`${key}?${kept}`)
  const { sent } = (history.state ?? {}) as SentState
  if (type === 'back_forward' && sent) fillIn(form, new URLSearchParams(sent))
  const untouched = location.search ? null : write()
  let isSent = false
  form.addEventListener('submit', () => {
    isSent = true
    history.replaceState({ sent: write() } satisfies SentState, '')
  })
  addEventListener('pageshow', () => {
    isSent = false
  })
  addEventListener('pagehide', () => {
    const typed = write()
    if (isSent || typed === untouched || typed.length > LONGEST) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, typed)
  })
}

function fillIn(form: HTMLFormElement, sent: URLSearchParams): void {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && /checkbox|radio/.test(field.type))
      field.checked = sent.getAll(field.name).includes(field.value)
    else if (
      (field instanceof HTMLInputElement ||
        field instanceof HTMLTextAreaElement ||
        field instanceof HTMLSelectElement) &&
      field.type !== 'submit'
    )
      field.value = sent.get(field.name) ?? field.value
  }
}
