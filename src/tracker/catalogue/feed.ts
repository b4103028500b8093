import { escapeText } from '../../text/escape.js'
import { formatBytes } from '../../text/quantity.js'
import { xml, type Xml } from '../../text/xml.js'
import type { TorrentLinks } from '../page/torrent-links.js'
import type { CatalogueRow } from './torrent-table.js'

/** The title and addresses of a feed. */
export interface FeedParts {
  readonly title: string
  /** The URL of the tracker's first page, with a slash at its end. */
  readonly base: string
  /** The path of the category below it, with a slash at its end. */
  readonly path: string
  /** The newest torrents, the newest first. */
  readonly rows: readonly CatalogueRow[]
  readonly links: TorrentLinks
}

/** Writes the newest torrents of a category as Atom (RFC 4287), each with its magnet link. */
export function composeAtom({ title, base, path, rows, links }: FeedParts): string {
  const updated = rows[0]?.entry.summary.addedMs ?? 0
  const feed = xml`<feed xmlns="http://www.w3.org/2005/Atom">
  <id>${base}${path}</id>
  <title>${escapeText(title)}</title>
  <updated>${timeOf(updated)}</updated>
  <author><name>btkit</name></author>
  <link rel="self" type="application/atom+xml" href="${base}${path}feed.xml"/>
  <link rel="alternate" type="text/html" href="${base}${path}"/>
${rows.map((row) => composeEntry(row, base, links))}</feed>
`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${feed.text}`
}

function composeEntry(row: CatalogueRow, base: string, links: TorrentLinks): Xml {
  const { summary, category } = row.entry
  const file = links.file(row)
  const type = 'application/x-bittorrent'
  return xml`  <entry>
    <id>${idOf(summary)}</id>
    <title>${escapeText(summary.name)}</title>
    <updated>${timeOf(summary.addedMs ?? 0)}</updated>
    <category term="${escapeText(category.path.join('/'))}"/>
    <summary>${formatBytes(summary.size)}</summary>
    ${file && xml`<link rel="enclosure" type="${type}" href="${base}${file}"/>`}
    <link rel="enclosure" type="${type}" href="${links.magnet(row)}"/>
    <link rel="alternate" type="text/html" href="${base}${links.page(row)}"/>
  </entry>
`
}

function idOf({ infoHash, infoHashV2 }: CatalogueRow['entry']['summary']): string {
  return infoHash === null ? `urn:btmh:1220${infoHashV2 ?? ''}` : `urn:btih:${infoHash}`
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
