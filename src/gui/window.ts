import { SCRIPT } from '../pages/script.js'
import type { Preset } from '../pages/torrent-fields.js'
import type { UserClient } from '../work/seed-torrent.js'
import type { Works } from '../work/work-thread.js'

/**
 * Keeps what was typed into a form that is left by the menu, until the tab is closed. A form that was
 * sent, or that an address fills in, is as it is.
 */
const KEEPING_SCRIPT = `
for (const form of document.querySelectorAll('form[data-keep]')) {
  const key = location.pathname
  const fieldsOf = () => [...form.elements].filter(({ name, type }) => name && !/hidden|submit|file/.test(type))
  const isFresh = !location.search && performance.getEntriesByType('navigation')[0]?.type !== 'back_forward'
  const kept = isFresh && document.querySelector('.error, .note, [data-plan] section') === null && sessionStorage.getItem(key)
  if (kept) {
    const values = new URLSearchParams(kept)
    for (const field of fieldsOf()) {
      if (/checkbox|radio/.test(field.type)) field.checked = values.getAll(field.name).includes(field.value)
      else field.value = values.get(field.name) ?? field.value
    }
  }
  let isSent = false
  form.addEventListener('submit', () => (isSent = true))
  addEventListener('pageshow', () => (isSent = false))
  addEventListener('pagehide', () => {
    const names = new Set(fieldsOf().map(({ name }) => name))
    const typed = [...new FormData(form)].filter(([name]) => names.has(name))
    if (isSent) sessionStorage.removeItem(key)
    else sessionStorage.setItem(key, new URLSearchParams(typed))
  })
}
`

/**
 * The script of all pages. It holds a connection; when the last one closes, the program ends. A page
 * that Back shows again needs another.
 */
export const WINDOW_SCRIPT = `${KEEPING_SCRIPT}${SCRIPT}
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
  readonly presets: readonly Preset[]
  /** Records of the torrents that btkit made in directories. */
  readonly stateDirectory: string
  readonly threads: number | undefined
  /** The user's client, which may seed what is made; null for none. */
  readonly client: UserClient | null
  /** A program that seeds the torrent that follows as its last argument; null if there is none. */
  readonly seedProgram: readonly string[] | null
}
