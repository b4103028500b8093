import { SCRIPT } from '../forms/script.js'
import type { Preset } from '../forms/torrent-fields.js'
import type { UserClient } from '../work/seed-torrent.js'
import type { Works } from '../forms/start-work.js'

/** The longest form that is kept, in characters: it goes through an address. */
const LONGEST_KEPT = 8000

/**
 * Keeps what was typed into a form that is left by the menu, until the tab is closed, and into one that
 * was sent, for Back. The program fills in a kept form as from any address. Browsers do so themselves
 * after Back, unless the form has another field by then, such as the presets.
 */
const KEEPING_SCRIPT = `
for (const form of document.querySelectorAll('form[data-keep]')) {
  const key = location.pathname
  const write = () => {
    const fields = [...new FormData(form)].filter(([, value]) => value !== '')
    return new URLSearchParams(fields).toString()
  }
  const [{ type }] = performance.getEntriesByType('navigation')
  const kept = sessionStorage.getItem(key)
  const isEmpty = !location.search && !document.querySelector('.error, .note, [data-plan] section')
  if (type === 'navigate' && isEmpty && kept) location.replace(key + '?' + kept)
  if (type === 'back_forward' && history.state?.sent) {
    const sent = new URLSearchParams(history.state.sent)
    for (const field of form.elements) {
      if (/checkbox|radio/.test(field.type)) field.checked = sent.getAll(field.name).includes(field.value)
      else if (sent.has(field.name) && field.type !== 'submit') field.value = sent.get(field.name)
    }
  }
  const untouched = location.search ? null : write()
  let isSent = false
  form.addEventListener('submit', () => {
    isSent = true
    history.replaceState({ sent: write() }, '')
  })
  addEventListener('pageshow', () => (isSent = false))
  addEventListener('pagehide', () => {
    const typed = write()
    if (isSent || typed === untouched || typed.length > ${LONGEST_KEPT}) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, typed)
  })
}
`

/**
 * Fills in what is dropped on the page. Browsers hide its path, so the program looks for its name; it
 * gets the bytes of a torrent.
 */
const DROPPING_SCRIPT = `
{
  const fields = [...document.querySelectorAll('[data-drop]')]
  const fieldAt = ({ target }) => target.closest('.field')?.querySelector('[data-drop]') ?? fields[0]
  const find = async ({ name, size }, body, isDirectory) => {
    const asked = new URLSearchParams(isDirectory ? { name } : { name, size })
    const headers = { 'Content-Type': 'application/octet-stream' }
    const answer = await fetch(new URL('dropped?' + asked, base), { method: 'POST', headers, body })
    return answer.ok ? (await answer.json()).path : null
  }
  const pathsIn = (data) => {
    const [line = ''] = (data.getData('text/uri-list') || data.getData('text/plain')).split(/\\r?\\n/)
    if (line !== '') return [line.startsWith('file://') ? decodeURIComponent(new URL(line).pathname) : line]
    const items = [...data.items].filter(({ kind }) => kind === 'file')
    return items.map((item) => {
      const isDirectory = item.webkitGetAsEntry()?.isDirectory === true
      const file = item.getAsFile()
      return find(file, !isDirectory && file.name.endsWith('.torrent') ? file : '', isDirectory)
    })
  }
  document.addEventListener('dragover', (event) => {
    if (fields.length > 0 && !document.querySelector('.dragged')) event.preventDefault()
  })
  document.addEventListener('drop', async (event) => {
    if (fields.length === 0 || document.querySelector('.dragged')) return
    event.preventDefault()
    const field = fieldAt(event)
    const paths = (await Promise.all(pathsIn(event.dataTransfer))).filter(Boolean)
    if (paths.length === 0) {
      field.value = ''
      field.placeholder = 'not found by its name: choose it, or paste its path'
      return
    }
    field.value = field.tagName === 'TEXTAREA' ? [field.value.trim(), ...paths].filter(Boolean).join('\\n') : paths[0]
    field.dispatchEvent(new Event('change', { bubbles: true }))
    if (field.dataset.drop === 'send') field.form.querySelector('button:not([value^=browse])').click()
  })
}
`

/**
 * The script of all pages. It holds a connection; when the last one closes, the program ends. A page
 * that Back shows again needs another.
 */
export const WINDOW_SCRIPT = `${KEEPING_SCRIPT}${SCRIPT}${DROPPING_SCRIPT}
let alive
addEventListener('pageshow', () => {
  alive ??= new EventSource(new URL('alive', base))
})
addEventListener('pagehide', () => {
  alive?.close()
  alive = undefined
})
`

/** The parts that the pages of the window share. */
export interface WindowParts extends Works {
  /** Where relative paths begin. */
  readonly directory: string
  /** Directories that pickers offer. */
  readonly places: readonly string[]
  /** Where dropped torrents are kept until the window ends. */
  readonly keptDirectory: string
  readonly presets: readonly Preset[]
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  readonly threads: number | undefined
  /** The user's client, which may seed what is made; null for none. */
  readonly client: UserClient | null
  /** A program that seeds the torrent that follows as its last argument; null if there is none. */
  readonly seedProgram: readonly string[] | null
}
