import { html, type Html } from '../../text/html.js'

/** A torrent in a feed. */
export interface FeedItem {
  /** The path of its file. */
  readonly title: string
  /** URL of the .torrent. */
  readonly address: string
  /** Size of the .torrent in bytes. */
  readonly length: number
  /** Size of the file in bytes. */
  readonly size: number
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** When the file was last modified, in milliseconds since 1970. */
  readonly modifiedMs: number
}

/** The addresses and title of a feed. */
export interface FeedChannel {
  readonly title: string
  /** URL of the mirror's root, with a slash at its end. */
  readonly root: string
  /** URL of the feed itself. */
  readonly address: string
}

/** Minutes before subscribers may ask again. */
const TTL = 5

/** Characters that XML 1.0 cannot contain even escaped, except those that are never sent. */
const NO_XML = /[\ufffe\uffff]/g

/**
 * Writes a feed of torrents (BEP 36): RSS 2.0 with each torrent as an enclosure. The `torrent`
 * namespace holds the info hash and the content's size.
 */
export function composeRss(
  { title, root, address }: FeedChannel,
  items: readonly FeedItem[],
): string {
  const channel = html`<rss
    version="2.0"
    xmlns:atom="http://www.w3.org/2005/Atom"
    xmlns:torrent="http://xmlns.ezrss.it/0.1/"
  >
    <channel>
      <title>${title}</title>
      <link>${root}</link>
      <description>New torrents of ${title}</description>
      <ttl>${TTL}</ttl>
      <atom:link href="${address}" rel="self" type="application/rss+xml" />
      ${items.map(composeItem)}
    </channel>
  </rss>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${channel.text}\n`
}

function composeItem(item: FeedItem): Html {
  const { title, address, length, size, infoHash, modifiedMs } = item
  return html`<item>
    <title>${title.replace(NO_XML, '\ufffd')}</title>
    <link>${address}</link>
    <guid isPermaLink="false">urn:btih:${infoHash}</guid>
    <pubDate>${new Date(modifiedMs).toUTCString()}</pubDate>
    <enclosure url="${address}" length="${length}" type="application/x-bittorrent" />
    <torrent:infoHash>${infoHash.toUpperCase()}</torrent:infoHash>
    <torrent:contentLength>${size}</torrent:contentLength>
  </item>`
}
