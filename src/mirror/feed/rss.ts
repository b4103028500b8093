import { html, type Html } from '../../text/html.js'

/** A torrent in a feed. */
export interface FeedItem {
  /** The path of its file. */
  readonly title: string
  /** The address of the .torrent. */
  readonly address: string
  /** Bytes of the .torrent. */
  readonly length: number
  /** Bytes of the file. */
  readonly size: number
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** When the file was last modified, in milliseconds since 1970. */
  readonly modifiedMs: number
}

/** Where a feed is, and what it is of. */
export interface FeedChannel {
  readonly title: string
  /** The address of the mirror's root, with a slash at its end. */
  readonly root: string
  /** The address of the feed itself. */
  readonly address: string
}

/** Minutes after which subscribers may ask again. */
const TTL = 5

/** What XML 1.0 can't hold even escaped, beside the characters that are never sent as they are. */
const NO_XML = /[\ufffe\uffff]/g

/**
 * A feed of torrents as clients take it (BEP 36): RSS 2.0, each torrent an enclosure, and the
 * namespace that has the info hash and the content's size.
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
