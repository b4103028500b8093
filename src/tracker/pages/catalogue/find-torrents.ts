import { setImmediate } from 'node:timers/promises'
import {
  describeFound,
  type SearchResults,
  MOST_RESULTS,
  type TorrentsWanted,
} from '../../../page-parts/results.js'
import { renderEntries, renderEntryRow } from '../../../page-parts/rows.js'
import { WORDS } from '../../../page-parts/words.js'
import { type Html, html } from '../../../base/text/html.js'
import type { TorrentLinks } from '../overview/torrent-links.js'
import { type CatalogueQuery, categoryAddress, formatCatalogueQuery } from './category.js'
import { jsonOfEntry } from './json.js'
import type { CatalogueRow, Shelves } from './shelves.js'

/** The current torrents that have all words, for a page that lists files, too. */
export async function findTorrents(
  shelves: Shelves,
  { words, except, root, signal }: TorrentsWanted,
  links: TorrentLinks,
): Promise<SearchResults> {
  const order = { sort: 'name', isDescending: false, page: 1, categories: 1 } as const
  const query: CatalogueQuery = { ...order, search: words.join(' '), words }
  const pause = async () => {
    await setImmediate()
    signal.throwIfAborted()
  }
  const length = MOST_RESULTS + except.size
  const { torrents } = await shelves.list(shelves.current, query, length, pause)
  const others = torrents.items.filter(({ entry }) => !except.has(entry.summary.place ?? ''))
  const rows = others.slice(0, MOST_RESULTS)
  const isCut = others.length > rows.length || torrents.total > torrents.items.length
  const caption = describeFound({ count: rows.length, isCut })
  const all = `${categoryAddress(shelves.current, root)}${formatCatalogueQuery(query).slice(2)}`
  const rendered = rows.map((row) => renderRow(row, root, links))
  return {
    table: rows.length > 0 ? renderEntries(rendered, caption, WORDS.added, true) : null,
    count: rows.length,
    isCut,
    note: isCut ? html`<p><a href="${all}">All that are found in the catalogue</a></p>` : null,
    entries: rows.map((row) => jsonOfEntry(row, links)),
  }
}

function renderRow(row: CatalogueRow, root: string, links: TorrentLinks): Html {
  const { summary, category } = row.entry
  const { name, size, addedMs } = summary
  const file = links.file(row)
  const place = category.path.join('/')
  return renderEntryRow(
    {
      name,
      size,
      isDirectory: false,
      address: links.page(row),
      time: addedMs === 0 ? null : addedMs,
      counts: { seeds: row.complete, leechers: row.downloading },
      links: html`${file && html`<a href="${file}" aria-label="torrent of ${name}">torrent</a>`}
        <a href="${links.magnet(row)}" aria-label="magnet of ${name}">magnet</a>`,
      after: place && html`<a class="place" href="${categoryAddress(category, root)}">${place}</a>`,
    },
    true,
  )
}
