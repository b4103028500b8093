// The script of pages with forms; each works without it. It follows a job, fills in a chosen
// preset, makes rows of the lines of trackers, and lets one box check all of a table.
import './page.js'
import { base, postForm, textFields } from './base.js'
import { all, first, make, textOf } from './elements.js'
import { addTierRows } from './tiers.js'

const job = first(HTMLElement, '[data-job]')
if (job) followJob(job, job.dataset['job'] ?? '')
for (const table of all(HTMLTableElement, '.picker table')) addNameSearch(table)
for (const choice of all(HTMLSelectElement, 'select[name=preset]')) {
  const fill = choice.form && first(HTMLButtonElement, '[value=preset]', choice.form)
  if (!fill) continue
  fill.hidden = true
  choice.addEventListener('change', () => fill.click())
}
for (const more of all(HTMLElement, '[data-more]')) sayFolded(more)
for (const form of all(HTMLFormElement, '[data-plans]')) planWhileChosen(form)
for (const area of all(HTMLTextAreaElement, '[data-tiers]')) addTierRows(area)
for (const table of all(HTMLElement, '[data-all]')) addBoxOfAll(table)

/** The state of a job, as the program answers it. */
interface JobState {
  readonly state: string
  readonly told: string
  readonly path: string
  readonly done: number
  readonly total: number
}

function followJob(shown: HTMLElement, id: string): void {
  const bar = first(HTMLProgressElement, 'progress', shown)
  const { title } = document
  const tell = (text: string, where = 'told') => {
    const place = document.getElementById(where)
    if (place) place.textContent = text
  }
  const look = async () => {
    try {
      const answer = await fetch(new URL(`job/${id}/state`, base))
      if (!answer.ok) {
        tell('This page is not updated any more; load it again.')
        return
      }
      const { state, told, path, done, total } = (await answer.json()) as JobState
      if (state !== 'running') {
        location.reload()
        return
      }
      if (total > 0) {
        if (bar) Object.assign(bar, { max: total, value: done })
        document.title = `${Math.floor((100 * done) / total)} % - ${title}`
      }
      tell(told)
      tell(path, 'now')
      setTimeout(look, 300)
    } catch {
      tell('btkit does not answer; it may have ended.')
    }
  }
  setTimeout(look, 300)
}

/** A field above a list of names that leaves those with what was typed. */
function addNameSearch(table: HTMLTableElement): void {
  const buttons = all(HTMLButtonElement, 'button', table)
  const shown = () => buttons.filter((button) => !button.closest('tr')?.hidden)
  const filter = make('input', { id: 'search', type: 'search', placeholder: 'Search names' })
  filter.setAttribute('aria-label', 'Search names')
  filter.addEventListener('input', () => {
    const part = filter.value.toLowerCase()
    for (const button of buttons) {
      const row = button.closest('tr')
      if (row) row.hidden = !button.textContent.toLowerCase().includes(part)
    }
  })
  filter.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    shown()[0]?.click()
  })
  table.closest('form')?.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!step) return
    event.preventDefault()
    const at = shown().findIndex((button) => button === document.activeElement)
    shown()
      .at(at + step)
      ?.focus()
  })
  table.parentElement?.before(filter)
  buttons[0]?.focus()
}

/** The summary of the folded fields, as the server writes it. */
function sayFolded(more: HTMLElement): void {
  const valueOf = (field: Element) => {
    const area = first(HTMLTextAreaElement, 'textarea', field)
    const text = area ?? first(HTMLInputElement, 'input[type=text]', field)
    if (text) return text.value.trim().split(/\s+/).join(' ')
    const select = first(HTMLSelectElement, 'select', field)
    if (select) return select.selectedIndex > 0 ? (select.selectedOptions[0]?.text ?? '') : ''
    const initial = field.querySelector('input')
    return all(HTMLInputElement, 'input:checked', field)
      .filter((input) => input.type !== 'radio' || input !== initial)
      .map((input) => textOf(input.parentElement))
      .join(', ')
  }
  const tell = () => {
    const set = [...more.querySelectorAll('.field')].flatMap((field) => {
      const value = valueOf(field)
      return value ? [`${field.firstElementChild?.textContent}: ${value}`] : []
    })
    const place = more.querySelector('[data-set]')
    if (place) place.textContent = set.join(', ').slice(0, 200)
  }
  more.addEventListener('input', tell)
  addEventListener('pageshow', tell)
}

const PLANNED = ['path', 'pieceLength', 'version', 'exclude', 'all', 'output', 'replace']

/**
 * Pieces and sizes while one chooses: a request ends the one before, for which the form has
 * changed.
 */
function planWhileChosen(form: HTMLFormElement): void {
  const shown = form.querySelector('[data-plan]')
  if (!shown) return
  const button = first(HTMLElement, '.acts [value=plan]', form)
  if (button) button.hidden = true
  const fieldOf = (name: string, within: ParentNode = form) =>
    first(HTMLInputElement, `[name=${name}]`, within)
  let asked = new AbortController()
  const ask = async () => {
    asked.abort()
    if (fieldOf('path')?.value.trim() === '') return
    const { signal } = (asked = new AbortController())
    try {
      const body = new URLSearchParams(textFields(form))
      body.set('act', 'plan')
      const page = await postForm(form, body, signal)
      const problem = page.querySelector('.error')
      if (problem) problem.className = 'muted'
      const plan = page.querySelector('[data-plan]')
      document.getElementById('error')?.remove()
      shown.replaceChildren(...(problem ? [problem] : (plan?.childNodes ?? [])))
      const place = fieldOf('output', page)?.placeholder
      const output = fieldOf('output')
      if (place && output) output.placeholder = place
    } catch {
      // The form has changed, the page is left, or the program has ended
    }
  }
  form.addEventListener('change', ({ target }) => {
    if (target instanceof Element && PLANNED.includes(target.getAttribute('name') ?? '')) void ask()
  })
  addEventListener('pageshow', () => {
    if (shown.childElementCount === 0 && !document.getElementById('error')) void ask()
  })
}

/** One box in the head of a table that checks all others. */
function addBoxOfAll(table: HTMLElement): void {
  const boxes = all(HTMLInputElement, 'tbody input[type=checkbox]', table)
  if (boxes.length < 2) return
  const whole = make('input', { type: 'checkbox' })
  whole.setAttribute('aria-label', 'All')
  const look = () => {
    const checked = boxes.filter((box) => box.checked).length
    whole.checked = checked === boxes.length
    whole.indeterminate = checked > 0 && checked < boxes.length
    const sum = table.closest('form')?.querySelector('[data-sum]')
    if (sum) sum.textContent = `${checked} chosen`
  }
  whole.addEventListener('change', () => {
    for (const box of boxes) box.checked = whole.checked
    look()
  })
  table.addEventListener('change', look)
  addEventListener('pageshow', look)
  table.querySelector('thead td')?.append(whole)
  look()
}
