import { basename, dirname } from 'node:path'
import { CopyError } from '../storage/collection.js'
import { shownName } from '../storage/places.js'
import { type Form, query } from '../../../pages/forms/form.js'
import { problem } from '../../../pages/forms/frame.js'
import { type Html, type HtmlValue, html } from '../../../base/text/html.js'
import { counted } from '../../../base/text/quantity.js'

/** Said on a list of which nothing was chosen. */
export const NONE_CHOSEN = problem({ message: 'No torrent was chosen. Check its box.' })

/** The address of a .torrent file. */
export function fileAddress(torrent: string): string {
  return `file${query({ torrent })}`
}

/** Lists torrents by their addresses, each with its .torrent and a link to where it is. */
export function torrentLinks(addresses: readonly string[]): Html {
  const links = addresses.map((address) => {
    const name = shownName(address)
    const list = query({ in: dirname(address), q: name })
    return html`<li>
      <a href="torrents${list}">${name}</a>
      (<a href="${fileAddress(address)}" aria-label="torrent of ${name}">.torrent</a>)
    </li>`
  })
  return html`<ul>
    ${links}
  </ul>`
}

/** Says what was done to several torrents, and why others were not changed. */
export function outcomeOf(
  outcomes: readonly { readonly address: string; readonly error: Error | null }[],
  verb: string,
  more?: HtmlValue,
): Html {
  const failed = outcomes.flatMap(({ address, error }) => (error ? [{ address, error }] : []))
  const changed = outcomes.length - failed.length
  const done = html`<div class="note" role="status">
    ${counted(changed, 'torrent')} ${verb}. ${more ?? null}
  </div>`
  const failures = html`<section class="card" role="alert">
    <h2>
      ${counted(failed.length, 'torrent')} ${failed.length === 1 ? 'was' : 'were'} not ${verb}
    </h2>
    <ul>
      ${failed.map(({ address, error }) => failureItem(basename(address), error))}
    </ul>
  </section>`
  return html`${changed > 0 && done} ${failed.length > 0 && failures}`
}

function failureItem(name: string, error: Error): Html {
  const { message } = error
  const start = message.startsWith(name) ? null : html`<span class="name">${name}</span>: `
  const there = error instanceof CopyError && query({ q: error.infoHash })
  const link = there && html` <a href="torrents${there}">Show that one</a>`
  return html`<li>${start}<span class="bad">${message}</span>${link}</li>`
}

/** The fields that say which list of torrents a form came from. */
export const LIST_FIELDS = ['in', 'q', 'look', 'sort', 'order', 'page'] as const

/** The address of the list that a form with chosen torrents came from. */
export function listOf(form: Form): string {
  const fields = LIST_FIELDS.map((name) => [name, form.text(name)] as const)
  return `torrents${query(Object.fromEntries(fields))}`
}
