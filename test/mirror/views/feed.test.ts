import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { downloadWithLibtorrent, assertHolds } from '../../support/clients.js'
import { readFeed } from '../../support/feed.js'
import { loadInLibtorrent } from '../../support/libtorrent-hashes.js'
import { unlessLibtorrent } from '../../support/peers.js'
import { makeScratch, plantFiles } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { type Answer, ask } from '../ask.js'
import { longTest } from '../../support/long.js'
import { until } from '../../support/until.js'
import { untilFiles } from '../read-metric.js'

/** Names that neither a URL nor XML can contain as they are. */
const ODD = 'iso/Größe #1 <b>&amp;"\'%41+x?y;[z].iso'

longTest(
  'a subscriber sees a new file, and libtorrent accepts its torrent',
  unlessLibtorrent,
  async (t) => {
    const args = ['--warm', '/iso/**', '--trackerless']
    const { port, root } = await serveMirror(t, { files: { 'iso/a.iso': 'a' }, args, ready: 1 })
    const before = await askFeed(port)
    assert.equal(before.headers['content-type'], 'application/rss+xml; charset=utf-8')
    assert.deepEqual(
      readFeed(before.body).map(({ title }) => title),
      ['iso/a.iso'],
    )
    plantFiles(root, { [ODD]: 'new' })
    let items = readFeed(before.body)
    await until('it is so', async () => {
      items = readFeed((await askFeed(port)).body)
      return items.length === 2
    })
    const item = items.find(({ title }) => title === ODD)
    assert.ok(item)
    const torrent = Buffer.from(await (await fetch(item.url)).arrayBuffer())
    assert.equal(torrent.length, item.length)
    const path = join(makeScratch(t), 'x.torrent')
    writeFileSync(path, torrent)
    const [taken] = loadInLibtorrent([path])
    assert.equal(taken!.infoHash.toUpperCase(), item.infoHash)
    assert.equal(item.guid, `${item.link}#${item.infoHash.toLowerCase()}`)
    assert.deepEqual([item.link, item.contentLength], [item.url, 3])
    const directory = await downloadWithLibtorrent(t, torrent)
    assertHolds(directory, { [ODD.slice('iso/'.length)]: 'new' })
  },
)

longTest('the newest torrents come first, at most a hundred', async (t) => {
  const names = Array.from({ length: 110 }, (_, i) => `f${i}`)
  const root = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  names.forEach((name, i) => {
    utimesSync(join(root, name), 1e9 + i, 1e9 + i)
  })
  const { port } = await serveMirror(t, { root, args: ['--warm', '*'], ready: 110 })
  const items = readFeed((await askFeed(port)).body)
  const newest = names.toReversed().slice(0, 100)
  assert.deepEqual(
    items.map(({ title }) => title),
    newest,
  )
  assert.equal(items[0]!.pubDate, new Date((1e9 + 109) * 1000).toUTCString())
})

test('a client that has the feed gets 304 until there is something new', async (t) => {
  const { port, root } = await serveMirror(t, {
    files: { a: 'a' },
    args: ['--warm', '*'],
  })
  await untilFiles(port, 'ready', 1)
  const { headers } = await askFeed(port)
  const { etag = '' } = headers
  const { status, body } = await askFeed(port, { 'If-None-Match': etag })
  assert.deepEqual([status, body.length], [304, 0])
  plantFiles(root, { b: 'b' })
  await untilFiles(port, 'ready', 2)
  assert.equal((await askFeed(port, { 'If-None-Match': etag })).status, 200)
  assert.equal((await ask(port, '/-/feed.xml')).headers['x-content-type-options'], 'nosniff')
  const head = await ask(port, '/-/feed.xml', { method: 'HEAD', headers: { Host: 'h' } })
  assert.deepEqual([head.status, head.body.length], [200, 0])
})

test('addresses contain the Host, or --public-url', async (t) => {
  const files = { 'a b': 'a' }
  const { port } = await serveMirror(t, { files, args: ['--warm', '*'], ready: 1 })
  for (const host of ['m.example', 'n.example:81']) {
    const [item] = readFeed((await askFeed(port, { Host: host })).body)
    assert.equal(item!.url, `http://${host}/a%20b?torrent`)
  }
  assert.equal((await askFeed(port, { Host: '"><x' })).status, 400)
  const args = ['--warm', '*', '--public-url', 'https://m.example/pub']
  const published = await serveMirror(t, { files, args })
  await untilFiles(published.port, 'ready', 1)
  const [item] = readFeed((await askFeed(published.port)).body)
  assert.equal(item!.url, 'https://m.example/pub/a%20b?torrent')
})

test('names with characters that XML cannot contain make valid XML', async (t) => {
  const files = { 'a\x01\x1b[31m\n\t\ufffe\uffff\u202e]]>': 'a' }
  const { port } = await serveMirror(t, { files, args: ['--warm', '*'], ready: 1 })
  const [item] = readFeed((await askFeed(port)).body)
  assert.equal(item!.title, 'a\\x01\\x1b[31m\\n\\t\ufffd\ufffd\\u{202e}]]>')
  assert.equal((await fetch(item!.url)).status, 200)
})

test('the title of the feed is the name of the site, else the host that was asked for', async (t) => {
  const titleFor = async (args: readonly string[], headers = {}) => {
    const { port } = await serveMirror(t, { files: { a: 'a' }, args: ['--warm', '*', ...args] })
    return /<title>([^<]*)/.exec((await askFeed(port, headers)).body.toString())?.[1]
  }
  const asked = { Host: 'mirror.example:8080' }
  assert.equal(await titleFor([], asked), 'mirror.example:8080')
  assert.equal(await titleFor(['--public-url', 'https://m.example/pub'], asked), 'm.example/pub')
  assert.equal(await titleFor(['--site-name', 'Example & Co'], asked), 'Example &amp; Co')
})

test('without --warm there is no feed', async (t) => {
  const { port } = await serveMirror(t)
  assert.equal((await askFeed(port)).status, 404)
})

test('a directory page links to the feed, if there is one', async (t) => {
  const files = { 'a/b/c': 'c' }
  const { port } = await serveMirror(t, { files, args: ['--warm', '**'] })
  const page = await (await fetch(`http://127.0.0.1:${port}/a/b/`)).text()
  const [, href = ''] = /type="application\/rss\+xml"[^>]*\shref="([^"]*)"/.exec(page) ?? []
  assert.equal(new URL(href, `http://127.0.0.1:${port}/a/b/`).pathname, '/-/feed.xml')
  const { port: other } = await serveMirror(t, { files })
  assert.doesNotMatch(await (await fetch(`http://127.0.0.1:${other}/a/b/`)).text(), /rss/)
})

test('equal files are two items, and no date is too old', async (t) => {
  const root = makeScratch(t, { 'a/same': 'bytes', 'b/same': 'bytes' })
  const old = new Date(-1e12)
  utimesSync(join(root, 'a/same'), old, old)
  const { port } = await serveMirror(t, { root, args: ['--warm', '**'], ready: 2 })
  const { body } = await askFeed(port)
  assert.deepEqual(
    readFeed(body).map(({ title }) => title),
    ['b/same', 'a/same'],
  )
  assert.match(body.toString(), /<pubDate>Sun, 24 Apr 1938 22:13:20 GMT</)
  const guids = body.toString().match(/<guid [^<]*/g)
  assert.equal(new Set(guids).size, 2)
})

/** Requests the feed of a service on this machine. */
function askFeed(port: number, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(port, '/-/feed.xml', { headers: { Host: `127.0.0.1:${port}`, ...headers } })
}
