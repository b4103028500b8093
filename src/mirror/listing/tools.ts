import { html, type Html } from '../../text/html.js'
import { orderFields } from '../../server/pages/sorting.js'
import { renderMore } from './more.js'
import { asHybrid, viewsByQuery } from './links.js'
import { formatListingQuery, MAX_FILTER, type ListingQuery } from './query.js'

/** The facts that decide which tools a directory has. */
export interface ListingTools {
  readonly components: readonly string[]
  readonly query: ListingQuery
  /** Whether the page may lack some entries. */
  readonly isPart: boolean
  /** Whether the whole directory has a torrent. */
  readonly hasTorrent: boolean
}

/** The filter of a directory, and the links to its torrent. */
export function renderTools({ query, isPart, hasTorrent }: ListingTools): Html {
  return html`<div class="tools">
    <form method="get" action="./" role="search">
      ${orderFields(query, 'name')}
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
        ${isPart && html`data-more="; press Enter to search all pages"`}
      ></span>
    </form>
    ${hasTorrent && renderWhole()}
  </div>`
}

function renderWhole(): Html {
  const { torrent, magnet } = viewsByQuery('./')
  return html`<div class="get">
    Whole directory: <a href="${torrent}">torrent</a> <a href="${magnet}">magnet</a>
    ${renderMore('the whole directory', [{ text: 'hybrid torrent', address: asHybrid(torrent) }])}
  </div>`
}
