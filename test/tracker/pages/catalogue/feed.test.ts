import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseXml, XmlElement } from '@rgrove/parse-xml'
import { pagesOf, torrentNamed } from '../overview/site.js'

/** The elements of that name in another one, as a feed reader sees them. */
function elements(parent: XmlElement | null, name: string): XmlElement[] {
  const children = parent?.children ?? []
  return children.filter((child): child is XmlElement => {
    return child instanceof XmlElement && child.name === name
  })
}

const textIn = (parent: XmlElement, name: string) => elements(parent, name)[0]?.text

test("a category's feed has its newest torrents with their links", async (t) => {
  const odd = torrentNamed('Größe <b>&"\'\u0001\ufffe\u202e.iso')
  const plain = torrentNamed('plain.iso')
  const other = torrentNamed('other')
  const torrents = {
    'iso/sub/odd.torrent': odd.bytes,
    'iso/plain.torrent': plain.bytes,
    'other/x.torrent': other.bytes,
  }
  const { ask, list, directory } = await pagesOf(t, { torrents, options: { allowGet: true } })
  utimesSync(join(directory, 'iso/plain.torrent'), 1e9, 1e9)
  utimesSync(join(directory, 'iso/sub/odd.torrent'), 1.1e9, 1.1e9)
  await list.refresh()
  const { headers, text } = await ask('/catalogue/iso/feed.xml')
  assert.equal(headers['Content-Type'], 'application/atom+xml; charset=utf-8')
  const feed = parseXml(text).root
  assert(feed)
  assert.equal(feed.attributes['xmlns'], 'http://www.w3.org/2005/Atom')
  assert.equal(textIn(feed, 'id'), 'http://t.example/catalogue/iso/')
  assert.equal(textIn(feed, 'updated'), '2004-11-09T11:33:20.000Z')
  const [first, second, ...more] = elements(feed, 'entry')
  assert(first && second && more.length === 0)
  assert.equal(textIn(first, 'title'), 'Größe <b>&"\'\\x01\ufffd\\u{202e}.iso')
  assert.equal(textIn(second, 'id'), `urn:btih:${plain.hash}`)
  assert.equal(textIn(second, 'updated'), '2001-09-09T01:46:40.000Z')
  const links = elements(second, 'link').map(({ attributes }) => [
    attributes['rel'],
    attributes['href']?.replace(/&.*/, ''),
  ])
  assert.deepEqual(links, [
    ['enclosure', `http://t.example/file?info_hash=${plain.hash}`],
    ['enclosure', `magnet:?xt=urn:btih:${plain.hash}`],
    ['alternate', `http://t.example/torrent?info_hash=${plain.hash}`],
  ])
})
