import { jsonOfRow } from '../page/json.js'
import type { TorrentLinks } from '../page/torrent-links.js'
import type { Category } from './category.js'
import type { CatalogueEntry } from './catalogue-index.js'
import type { CategoryPageParts } from './category-page.js'
import type { TorrentDetails } from './torrent-details.js'
import type { CatalogueRow } from './torrent-table.js'

/** The JSON form of a category's page. */
export function jsonOfCategory(
  parts: Pick<CategoryPageParts, 'category' | 'children' | 'torrents' | 'size' | 'links'>,
) {
  const { category, children, torrents, size, links } = parts
  const { page, pages, total } = torrents
  return {
    category: pathOf(category),
    archive: category.isArchive,
    categories: children.items.map(jsonOfChild),
    categoriesTotal: children.total,
    categoriesPages: children.pages,
    page,
    pages,
    totals: { torrents: total, size },
    torrents: torrents.items.map((row) => jsonOfEntry(row, links)),
  }
}

function jsonOfChild(category: Category) {
  const { path, torrents, size, newestMs } = category
  return {
    name: path.at(-1) ?? '',
    path: pathOf(category),
    torrents,
    size,
    newest: timeOf(newestMs),
  }
}

function jsonOfEntry(row: CatalogueRow, links: TorrentLinks) {
  return { ...jsonOfRow(row, links), ...placeOf(row.entry) }
}

/** The JSON form of a torrent's place in the catalogue. */
export function placeOf({ category, summary }: CatalogueEntry) {
  return {
    infoHashV2: summary.infoHashV2,
    category: pathOf(category),
    archive: category.isArchive,
    private: summary.private,
    added: timeOf(summary.addedMs),
  }
}

/** The JSON form of a torrent's details. */
export function jsonOfDetails({ creationDate, files, ...details }: TorrentDetails) {
  return {
    ...details,
    created: creationDate === null ? null : timeOf(1000 * creationDate),
    files: files.map(({ path, length }) => ({ path, size: length })),
  }
}

function pathOf({ path }: Category): string {
  return path.join('/')
}

function timeOf(ms: number | null): string | null {
  return ms === null || ms === 0 ? null : new Date(ms).toISOString()
}
