import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../support/decode-torrent.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'
import { TRACKER } from '../../support/torrents.js'

const NAME = 'Größe #1 100%+a;b?&=.iso'
const ENCODED = encodeURIComponent(NAME)
const HOST = { headers: { Host: 'm.example' } }
const TEXT = 'text/plain; charset=utf-8'

test("a magnet contains hash, name, size, trackers, web seeds and the torrent's URL", async (t) => {
  const args = ['--tracker', TRACKER, '--tracker', 'udp://t.example:1?a=b&c', '--web-seed']
  const setup = {
    files: { [`pub/${NAME}`]: 'twelve bytes' },
    args: [...args, 'https://o.example/m/'],
  }
  const { port } = await serveMirror(t, setup)
  const { headers, body } = await ask(port, `/pub/${ENCODED}.magnet`, HOST)
  const torrent = await ask(port, `/pub/${ENCODED}.torrent`, HOST)
  assert.equal(headers['content-type'], TEXT)
  const link = body.toString()
  assert.match(link, /^magnet:\?xt=urn:btih:[0-9a-f]{40}&dn=[^\s+]+\n$/)
  assert.doesNotMatch(link, /amp;/)
  const { searchParams } = new URL(link.trim())
  assert.deepEqual([...searchParams.entries()].sort(), [
    ['dn', NAME],
    ['tr', TRACKER],
    ['tr', 'udp://t.example:1?a=b&c'],
    ['ws', `http://m.example/pub/${ENCODED}`],
    ['ws', `https://o.example/m/pub/${ENCODED}`],
    ['xl', '12'],
    ['xs', `http://m.example/pub/${ENCODED}.torrent`],
    ['xt', `urn:btih:${independentInfoHash(torrent.body)}`],
  ])
})

test('a browser gets a page that opens and copies the magnet; other clients get its text', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/<a>&.iso': 'a' } })
  const browser = { headers: { Host: 'm.example', Accept: 'text/html,*/*;q=0.8' } }
  const path = `/pub/${encodeURIComponent('<a>&.iso')}.magnet`
  const text = (await ask(port, path, HOST)).body.toString().trim()
  for (let at = 0; at < 2; at++) {
    const { headers, body } = await ask(port, path, browser)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(headers['vary'], 'Accept, Accept-Encoding')
    assert.ok(body.toString().includes(`href="${text.replaceAll('&', '&amp;')}"`), body.toString())
    assert.match(body.toString(), /<svg[^]*&lt;a&gt;&amp;\.iso/)
    const plain = await ask(port, path, HOST)
    assert.deepEqual(
      [plain.headers['vary'], plain.body.toString().trim()],
      ['Accept, Accept-Encoding', text],
    )
  }
})

test("the URL in a magnet never leads to a file that only has the torrent's name", async (t) => {
  const files = {
    'pub/a.iso': 'a',
    'pub/a.iso.torrent': 'else',
    'pub/b': 'b',
    'pub/b.torrent/x': '',
  }
  const { port } = await serveMirror(t, { files })
  for (const name of ['a.iso', 'b']) {
    const { body } = await ask(port, `/pub/${name}.magnet`, HOST)
    const source = new URL(body.toString().trim()).searchParams.get('xs')!
    assert.equal(source, `http://m.example/pub/${name}?torrent`)
    const torrent = await ask(port, source.slice('http://m.example'.length), HOST)
    assert.equal(decodeTorrent(torrent.body).info['name'], name)
  }
})

test('a magnet of version 2 contains its hash, and both hashes for a hybrid', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/a.iso': 'a' } })
  const topics = async (query: string) => {
    const { body } = await ask(port, `/pub/a.iso.magnet${query}`, HOST)
    const { searchParams } = new URL(body.toString().trim())
    const kinds = searchParams.getAll('xt').map((topic) => topic.split(':')[1])
    return [...kinds, searchParams.get('xs')]
  }
  const address = 'http://m.example/pub/a.iso.torrent'
  assert.deepEqual(await topics('?v2'), ['btmh', `${address}?v2`])
  assert.deepEqual(await topics('?hybrid'), ['btih', 'btmh', `${address}?hybrid`])
})

test('the page of a magnet link is about one torrent, of whatever version', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/a.iso': 'a' } })
  const first = (await ask(port, '/pub/a.iso.btih', HOST)).body.toString().trim()
  const browser = { headers: { ...HOST.headers, Accept: 'text/html' } }
  for (const version of ['v2', 'hybrid']) {
    const page = (await ask(port, `/pub/a.iso.magnet?${version}`, browser)).body.toString()
    const addresses = page.match(/(?<=href=")(?!magnet:|\.\.\/-\/)[^"]*\.torrent[^"]*/g)
    assert.deepEqual(new Set(addresses), new Set([`http://m.example/pub/a.iso.torrent?${version}`]))
    assert.ok(!page.includes(first))
  }
})

test('.btih is the info hash of the torrent', async (t) => {
  const { port } = await serveMirror(t, { files: { 'pub/a.iso': 'a' } })
  const torrent = await ask(port, '/pub/a.iso.torrent')
  for (const address of ['/pub/a.iso.btih', '/pub/a.iso?btih']) {
    const { headers, body } = await ask(port, address)
    assert.equal(headers['content-type'], TEXT)
    assert.equal(body.toString(), `${independentInfoHash(torrent.body)}\n`)
  }
})

test("if a file has the name of another one's view, links still lead to the view", async (t) => {
  const files = { 'pub/b': 'x', 'pub/b.torrent': 'no torrent', 'pub/b.meta4/c': 'y' }
  const { port } = await serveMirror(t, { files })
  const links = String((await ask(port, '/pub/b')).headers['link'])
  const addresses = [...links.matchAll(/<([^>]*)>/g)].map(([, address]) => address)
  assert.deepEqual(addresses, ['b?torrent', 'b?meta4'])
  const { body } = await ask(port, '/pub/b?torrent')
  assert.equal(decodeTorrent(body).info['name'], 'b')
  const others = String((await ask(port, '/pub/b.torrent')).headers['link'])
  assert.match(others, /^<b\.torrent\.torrent>/)
})

test('files link to their torrents, also for HEAD', async (t) => {
  const files = { [`pub/${NAME}`]: 'x', 'pub/a:b': 'y', 'pub/empty': '' }
  const { port } = await serveMirror(t, { files })
  for (const name of [NAME, 'a:b']) {
    for (const method of ['GET', 'HEAD']) {
      const address = `/pub/${encodeURIComponent(name)}`
      const { headers } = await ask(port, address, { method })
      const [torrent] = String(headers['link']).split(', ')
      const [, link = ''] = /^<(.*)>; rel="describedby"; type="application\/x-bittorrent"$/.exec(
        torrent!,
      )!
      const there = new URL(link, `http://m.example${address}`)
      assert.equal(there.host, 'm.example')
      const { body } = await ask(port, there.pathname)
      assert.equal(decodeTorrent(body).info['name'], name)
    }
  }
  assert.equal((await ask(port, '/pub/empty')).headers['link'], undefined)
})
