import assert from 'node:assert/strict'
import { parseXml, XmlElement } from '@rgrove/parse-xml'

/** A torrent in a feed, as an RSS client reads it. */
export interface SeenItem {
  readonly title: string
  readonly link: string
  readonly guid: string
  readonly pubDate: string
  readonly url: string
  readonly length: number
  readonly infoHash: string
  readonly contentLength: number
}

/** The torrents of a feed, read by a strict XML parser. */
export function readFeed(body: Buffer): SeenItem[] {
  const rss = parseXml(body.toString()).root
  assert.ok(rss)
  assert.deepEqual([rss.name, rss.attributes['version']], ['rss', '2.0'])
  const [channel] = childrenOf(rss, 'channel')
  assert.ok(channel)
  return childrenOf(channel, 'item').map(readItem)
}

function readItem(item: XmlElement): SeenItem {
  const text = (name: string) => {
    const [child] = childrenOf(item, name)
    assert.ok(child, `no ${name}`)
    return child.text
  }
  const [enclosure] = childrenOf(item, 'enclosure')
  assert.equal(enclosure?.attributes['type'], 'application/x-bittorrent')
  return {
    title: text('title'),
    link: text('link'),
    guid: text('guid'),
    pubDate: text('pubDate'),
    url: enclosure.attributes['url'] ?? '',
    length: Number(enclosure.attributes['length']),
    infoHash: text('torrent:infoHash'),
    contentLength: Number(text('torrent:contentLength')),
  }
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => {
    return child instanceof XmlElement && child.name === name ? [child] : []
  })
}
