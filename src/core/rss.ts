import { html, type Html } from '../base/text/html.js'

/** Most torrents in a feed. */
export const MOST_ITEMS = 100

/** Minutes before subscribers may ask again. */
const TTL = 5

/** Characters that XML 1.0 cannot contain even escaped, except those that are never sent. */
const NO_XML = /[\ufffe\uffff]/g

/** A source of torrents that subscribers follow. */
export interface FeedChannel {
  /** Its URL, with a slash at the end. */
  readonly link: string
  /** Its name (default: the host and path of `link`). */
  readonly name?: string | null
  /** The URL of the feed itself; null if it is unknown. */
  readonly self: string | null
}

/** A torrent of a feed. Sizes are in bytes. */
export interface FeedItem {
  readonly title: string
  /** The URL of the .torrent. */
  readonly address: string
  readonly infoHash: string
  /** In milliseconds since 1970. */
  readonly time: number
  /** The size of the .torrent. */
  readonly torrentSize: number
  readonly contentSize: number
}

/** Writes a feed: RSS 2.0 with each torrent as an enclosure (BEP 36). */
export function composeFeed(channel: FeedChannel, items: readonly FeedItem[]): string {
  const title = (channel.name ?? channel.link.replace(/^https?:\/\/|\/$/g, '')).replace(
    NO_XML,
    '\ufffd',
  )
  const self =
    channel.self !== null &&
    html`<atom:link href="${channel.self}" rel="self" type="application/rss+xml" />`
  const feed = html`<rss
    version="2.0"
    xmlns:atom="http://www.w3.org/2005/Atom"
    xmlns:torrent="http://xmlns.ezrss.it/0.1/"
  >
    <channel>
      <title>${title}</title>
      ${linkOf(channel)}
      <description>New torrents of ${title}</description>
      <ttl>${TTL}</ttl>
      ${self} ${items.map(composeItem)}
    </channel>
  </rss>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n${feed.text}\n`
}

/** Whether a text is a feed of composeFeed. */
export function isFeed(text: string): boolean {
  return text.includes('xmlns:torrent="http://xmlns.ezrss.it/0.1/"')
}

/** The percent-encoded paths of the torrents in the feed of a channel; null for that of another. */
export function pathsInFeed(text: string, channel: FeedChannel): string[] | null {
  if (!text.includes(linkOf(channel).text)) return null
  const [, ...items] = text.split(html`<enclosure url="${channel.link}`.text)
  return items.map((item) => item.slice(0, item.indexOf('"')))
}

function linkOf({ link }: FeedChannel): Html {
  return html`<link>${link}</link>`
}

/**
 * Equal files have one info hash, so it alone is no guid. The `torrent` namespace holds the info
 * hash and the content's size.
 */
function composeItem({ title, address, infoHash, ...item }: FeedItem): Html {
  const { time, torrentSize, contentSize } = item
  return html`<item>
    <title>${title.replace(NO_XML, '\ufffd')}</title>
    <link>${address}</link>
    <guid isPermaLink="false">${address}#${infoHash}</guid>
    <pubDate>${new Date(time).toUTCString()}</pubDate>
    <enclosure url="${address}" length="${torrentSize}" type="application/x-bittorrent" />
    <torrent:infoHash>${infoHash.toUpperCase()}</torrent:infoHash>
    <torrent:contentLength>${contentSize}</torrent:contentLength>
  </item>`
}
