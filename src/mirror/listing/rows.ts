import type { ScrapedCounts } from '../../clients/scrape/swarm-counts.js'
import { html, type Html } from '../../text/html.js'
import { count, formatBytes } from '../../text/quantity.js'
import { furtherLinksOf, linksOf, type LinkContext } from './links.js'
import { renderMore } from './more.js'
import type { ListingRow } from './row.js'

/** An entry as a row of the table. */
export function renderRow(row: ListingRow, context: LinkContext): Html {
  const { name, isDirectory, size, modified } = row
  const { address, torrent, magnet } = linksOf(row, context)
  const further = furtherLinksOf(row, context)
  const time = new Date(modified).toISOString().slice(0, 19)
  const day = time.slice(0, 10)
  const clock = html`<span class="clock"> ${time.slice(11, 16)}</span>`
  const text = isDirectory ? `${name}/` : name
  const bytes = html`<data value="${size}">${formatBytes(size)}</data>`
  const stored = context.taken.has(name) && html`<span class="stored">stored</span>`
  return html`<tr>
    <th scope="row" class="${isDirectory ? 'dir' : 'file'}">
      <a href="${address}">${text}</a>${stored}
    </th>
    <td class="n">${!isDirectory && bytes}</td>
    <td class="date">
      <time datetime="${time}Z">${day}${clock}</time>
    </td>
    ${context.swarms.size > 0 && renderSwarm(context.swarms.get(name))}
    <td class="get">
      ${torrent && html`<a href="${torrent}" aria-label="torrent of ${text}">torrent</a>`}
      ${magnet && html`<a href="${magnet}" aria-label="magnet of ${text}">magnet</a>`}
      ${further.length > 0 && renderMore(text, further)}
    </td>
  </tr> `
}

function renderSwarm(counts: ScrapedCounts | undefined): Html {
  const text = counts && `${count(counts.seeds, 'seed')}, ${count(counts.leechers, 'leecher')}`
  return html`<td class="swarm">${text ?? null}</td>`
}
