// The script of all pages: copy buttons, also without TLS, where browsers have no clipboard;
// the key `/` for the search; times where the reader lives, and as ages if they are recent.
import { all, first, make, textOf } from './elements.js'
import { counted, formatAge, formatTime } from '../base/text/quantity.js'

addEventListener('DOMContentLoaded', () => {
  for (const button of all(HTMLButtonElement, 'button[data-copy]')) copyWith(button)
  addSearchKey()
  for (const data of all(HTMLDataElement, 'data[value]'))
    data.title = counted(Number(data.value), 'byte')
  for (const link of all(HTMLAnchorElement, '.listing .get a')) {
    const name = textOf(link.closest('tr')?.querySelector('th a'))
    link.setAttribute('aria-label', `${link.title || link.textContent} of ${name}`)
  }
  for (const time of all(HTMLTimeElement, 'time')) sayAge(time)
})

async function copy(text: string, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const area = make('textarea', { value: text })
    button.after(area)
    area.select()
    // oxlint-disable-next-line typescript/no-deprecated -- without TLS there is no other way
    document.execCommand('copy')
    area.remove()
    button.focus()
  }
}

function copyWith(button: HTMLButtonElement): void {
  button.hidden = false
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset['copy'] ?? '')
    const value = source instanceof HTMLInputElement ? source.value : source?.textContent
    await copy(value ?? '', button)
    sayCopied(button)
  })
}

/** Shows for some seconds that a button has copied, and tells it to screen readers. */
function sayCopied(button: HTMLElement): void {
  const shown = 'Copied'
  const { textContent } = button
  const said = make('span', { className: 'skip', role: 'status' })
  document.body.append(said)
  said.textContent = shown
  button.textContent = shown
  setTimeout(() => {
    if (button.textContent === shown) button.textContent = textContent
    said.remove()
  }, 3000)
}

function addSearchKey(): void {
  addEventListener('keydown', (event) => {
    const isTyping = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '')
    const search = first(HTMLInputElement, '#search')
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || !search) return
    event.preventDefault()
    search.select()
  })
}

/** Seconds for which an age says more than a date: two days. */
const RECENT = 2 * 86_400

function sayAge(time: HTMLTimeElement): void {
  const at = Date.parse(time.textContent.replace(' ', 'T'))
  if (Number.isNaN(at)) return
  const seconds = (Date.now() - at) / 1000
  const words = formatAge(seconds)
  const age = words === null ? 'just now' : `${words} ago`
  const local = formatTime(at - 60_000 * new Date(at).getTimezoneOffset())
  const date = `${dayOf(new Date(at))} ${new Date(at).getFullYear()}, ${local.slice(11)}`
  const isRecent = seconds >= 0 && seconds < RECENT
  // A list has short dates
  const isRow = time.closest('.rows, .heading') !== null
  time.textContent = !isRow
    ? `${date}${isRecent ? `, ${age}` : ''}`
    : isRecent
      ? age
      : shortDate(new Date(at))
  time.title = isRow ? date : age
}

function dayOf(at: Date): string {
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''}`
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** A day of this year as `27 Nov`, and of others with the year. */
function shortDate(at: Date): string {
  const year = at.getFullYear()
  return year === new Date().getFullYear() ? dayOf(at) : `${dayOf(at)} ${year}`
}
