import { escapeText } from '../../../base/text/escape.js'
import { formatBytes } from '../../../base/text/quantity.js'
import { type Xml, xml } from '../../../base/text/xml.js'
import type { ListPage } from '../overview/list-page.js'
import type { CatalogueDetails } from './torrent-page.js'
import type { CatalogueCategory } from '../overview/category.js'
import type { SwarmRow } from '../overview/swarm-row.js'
import { jsonOfRow, type TorrentLinks } from '../overview/torrent-links.js'

/** The JSON form of a category's page. */
export function jsonOfCategory(
  parts: Pick<ListPage, 'children' | 'rows' | 'links'> & { readonly category: CatalogueCategory },
) {
  const { category, children, rows, links } = parts
  const { page, pages, total, totals } = rows
  return {
    category: pathOf(category),
    archive: category.isArchive,
    categories: children.items.map(jsonOfChild),
    categoriesTotal: children.total,
    categoriesPages: children.pages,
    page,
    pages,
    totals: { torrents: total, size: totals.size },
    torrents: rows.items.map((row) => jsonOfEntry(row, links)),
  }
}

function jsonOfChild(category: CatalogueCategory) {
  const { path, torrents, size, newestMs } = category
  return {
    name: path.at(-1) ?? '',
    path: pathOf(category),
    torrents,
    size,
    newest: timeOf(newestMs),
  }
}

/** The JSON form of a torrent in a list. */
export function jsonOfEntry(row: SwarmRow, links: TorrentLinks) {
  return { ...jsonOfRow(row, links), ...placeOf(row) }
}

/** The JSON form of a torrent's place in the catalogue; null if it has none. */
export function placeOf({ category, summary }: SwarmRow) {
  if (!category || !summary) return null
  return {
    infoHashV2: summary.infoHashV2,
    category: pathOf(category),
    archive: category.isArchive,
    private: summary.private,
    added: timeOf(summary.addedMs),
  }
}

/** The JSON form of a torrent's details. */
export function jsonOfDetails({ creationDate, files, ...details }: CatalogueDetails) {
  return {
    ...details,
    created: creationDate === null ? null : timeOf(1000 * creationDate),
    files: files.map(({ path, length }) => ({ path, size: length })),
  }
}

function pathOf({ path }: CatalogueCategory): string {
  return path.join('/')
}

function timeOf(ms: number | null): string | null {
  return ms === null || ms === 0 ? null : new Date(ms).toISOString()
}

/**
 * Writes the newest torrents of a category as Atom (RFC 4287), each with its magnet link.
 * `base` is the URL of the tracker's first page, with a slash at its end. `path` is the path of the
 * category below it, with a slash at its end. `rows` are the newest torrents, the newest first.
 */
export function composeAtom(
  title: string,
  base: string,
  path: string,
  rows: readonly SwarmRow[],
  links: TorrentLinks,
): string {
  const updated = rows[0]?.summary?.addedMs ?? 0
  const feed = xml`<feed xmlns="http://www.w3.org/2005/Atom">
  <id>${base}${path}</id>
  <title>${escapeText(title)}</title>
  <updated>${isoTime(updated)}</updated>
  <author><name>btkit</name></author>
  <link rel="self" type="application/atom+xml" href="${base}${path}feed.xml"/>
  <link rel="alternate" type="text/html" href="${base}${path}"/>
${rows.map((row) => composeEntry(row, base, links))}</feed>
`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${feed.text}`
}

function composeEntry(row: SwarmRow, base: string, links: TorrentLinks): Xml {
  const { summary, category } = row
  const file = links.file(row)
  const type = 'application/x-bittorrent'
  const { infoHash, infoHashV2 } = summary ?? { ...row, infoHashV2: null }
  const id = infoHash === null ? `urn:btmh:1220${infoHashV2 ?? ''}` : `urn:btih:${infoHash}`
  return xml`  <entry>
    <id>${id}</id>
    <title>${escapeText(row.name ?? '')}</title>
    <updated>${isoTime(summary?.addedMs ?? 0)}</updated>
    <category term="${escapeText(category?.path.join('/') ?? '')}"/>
    <summary>${formatBytes(row.size ?? 0)}</summary>
    ${file && xml`<link rel="enclosure" type="${type}" href="${new URL(file, base).href}"/>`}
    <link rel="enclosure" type="${type}" href="${links.magnet(row)}"/>
    <link rel="alternate" type="text/html" href="${base}${links.page(row)}"/>
  </entry>
`
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
