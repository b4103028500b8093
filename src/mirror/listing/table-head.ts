import { html, type Html } from '../../text/html.js'
import { SORT_KEYS, type SortKey } from './order.js'
import { formatListingQuery, type ListingQuery } from './query.js'

const TITLES: Readonly<Record<SortKey, string>> = { name: 'Name', size: 'Size', date: 'Changed' }

const CLASSES: Readonly<Record<SortKey, string>> = { name: 'name', size: 'n', date: 'date' }

/**
 * The head of the table, with links for sorting; size and date begin with the largest and newest.
 */
export function renderTableHead(query: ListingQuery, hasSwarms: boolean): Html {
  return html`<thead>
    <tr>
      ${SORT_KEYS.map((key) => renderHeading(key, query))}
      ${hasSwarms && html`<th scope="col" class="get">Swarm</th>`}
      <th scope="col" class="get">Get</th>
    </tr>
  </thead>`
}

function renderHeading(key: SortKey, query: ListingQuery): Html {
  const isSorted = query.sort === key
  const isDescending = isSorted ? !query.isDescending : key !== 'name'
  const address = formatListingQuery({ ...query, sort: key, isDescending, page: 1 })
  const order = query.isDescending ? 'descending' : 'ascending'
  const arrow = html`<span aria-hidden="true">${query.isDescending ? ' ↓' : ' ↑'}</span>`
  return html`<th scope="col" class="${CLASSES[key]}" ${isSorted && html`aria-sort="${order}"`}>
    <a href="${address}">${TITLES[key]}${isSorted && arrow}</a>
  </th>`
}
