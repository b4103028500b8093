import { html, type Html } from '../../text/html.js'
import { formatBytes } from '../../text/quantity.js'
import { linksOf } from './links.js'
import type { ListingRow } from './row.js'

/** An entry as a row of the table; `taken` as for linksOf. */
export function renderRow(row: ListingRow, taken: ReadonlySet<string>): Html {
  const { name, isDirectory, size, modified } = row
  const { address, torrent, magnet } = linksOf(row, taken)
  const time = new Date(modified).toISOString()
  const text = isDirectory ? `${name}/` : name
  const bytes = html`<data value="${size}">${formatBytes(size)}</data>`
  return html`<tr>
    <th scope="row" class="${isDirectory ? 'dir' : 'file'}"><a href="${address}">${text}</a></th>
    <td class="n">${!isDirectory && bytes}</td>
    <td class="date">
      <time datetime="${time.slice(0, 19)}Z">${time.slice(0, 10)} ${time.slice(11, 16)}</time>
    </td>
    <td class="get">
      ${torrent && html`<a href="${torrent}" aria-label="torrent of ${text}">torrent</a>`}
      ${magnet && html`<a href="${magnet}" aria-label="magnet of ${text}">magnet</a>`}
    </td>
  </tr> `
}
