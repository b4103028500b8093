import { html, type Html } from '../../text/html.js'
import type { ListingView } from './json.js'
import { viewsByQuery } from './links.js'
import { formatListingQuery, MAX_FILTER } from './query.js'

/** What can be done with the whole: it is filtered, or had as a torrent. */
export function renderTools(view: ListingView): Html {
  const { query, page, components } = view
  const isPart = page.pages > 1 || query.filter !== ''
  const { torrent, magnet } = viewsByQuery('./')
  return html`<div class="tools">
    <form method="get" action="./" role="search">
      ${query.sort !== 'name' && html`<input type="hidden" name="sort" value="${query.sort}" />`}
      ${query.isDescending && html`<input type="hidden" name="order" value="desc" />`}
      <label for="filter">Filter</label>
      <input
        id="filter"
        type="search"
        name="filter"
        maxlength="${MAX_FILTER}"
        value="${query.filter}"
        autocomplete="off"
        spellcheck="false"
      />
      <button>Apply</button>
      ${query.filter !== '' && html`<a href="${formatListingQuery({ ...query, filter: '', page: 1 })}">show all</a>`}
      <span
        id="shown"
        role="status"
        ${isPart && html`data-more="; Enter looks at all others too"`}
      ></span>
    </form>
    ${components.length > 0 && html`<p class="get">Whole directory: <a href="${torrent}">torrent</a> <a href="${magnet}">magnet</a></p>`}
  </div>`
}
