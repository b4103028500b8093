import { html, type Html } from '../../text/html.js'
import type { ListingView } from './json.js'
import { formatListingQuery } from './query.js'

const STORED = '“stored”: the mirror has this file; the server does not generate it.'

/** Notes on entries that are not listed, and on the word "stored" in the list. */
export function renderNotes({ listing, page, links }: ListingView): Html {
  const { isCut, unnameable } = listing.parts
  const names = unnameable === 1 ? 'One entry has a name' : `${unnameable} entries have names`
  const hasStored = page.rows.some(({ name }) => links.taken.has(name))
  return html`${isCut && html`<p>Only ${page.files + page.directories} entries are listed; the directory has more.</p>`}
  ${unnameable > 0 && html`<p>${names} that no address can contain: not UTF-8, or with a backslash.</p>`}
  ${hasStored && html`<p class="muted">${STORED}</p>`}`
}

/** Links to the other pages of the same entries. */
export function renderPages({ page: { page, pages }, query }: ListingView): Html | false {
  if (pages === 1) return false
  const link = (to: number, text: string, rel: string | null = null) => {
    const address = formatListingQuery({ ...query, page: to })
    return to >= 1 && to <= pages && to !== page
      ? html`<a href="${address}" ${rel && html`rel="${rel}"`}>${text}</a>`
      : html`<span class="muted">${text}</span>`
  }
  return html`<nav class="pages" aria-label="Pages">
    ${link(1, 'first')} ${link(page - 1, 'previous', 'prev')} <b>page ${page} of ${pages}</b>
    ${link(page + 1, 'next', 'next')} ${link(pages, 'last')}
  </nav>`
}
