import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMagnet } from '../../../src/metainfo/magnet.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const PAGE = { Accept: 'text/html' }
const TRACKERS = ['http://one.example/announce', 'udp://two.example:1/announce']
const NAMED = TRACKERS.flatMap((url) => ['--tracker', url])

/** The magnet links of a page, or the addresses of their pages, by name. */
async function magnetsOf(port: number, path: string): Promise<Record<string, string>> {
  const { body } = await ask(port, path, { headers: PAGE })
  const rows = body.toString().split('<th scope="row"').slice(1)
  const found = rows.map((row) => {
    const [, name = ''] = /<a href="[^"]*">([^<]*)</.exec(row) ?? []
    const [, address = '', text = ''] = /<a href="([^"]*)" rel="nofollow">(magnet)</.exec(row) ?? []
    return [name, `${text} ${address.replaceAll('&amp;', '&')}`]
  })
  return Object.fromEntries(found) as Record<string, string>
}

test('rows of files that were hashed ahead have magnet links, others lead to a page', async (t) => {
  const files = { 'pub/warm.iso': 'warm', 'pub/cold.iso': 'cold', 'pub/dir/x': 'x' }
  const { port } = await serveMirror(t, { files, args: ['--warm', '/pub/w*', ...NAMED], ready: 1 })
  const torrent = parseMetainfo((await ask(port, '/pub/warm.iso.torrent')).body)
  for (const path of ['/pub/', '/-/search?q=iso']) {
    const magnets = await magnetsOf(port, path)
    const [text, link = ''] = magnets['warm.iso']?.split(' ') ?? []
    assert.equal(text, 'magnet', path)
    assert.equal(parseMagnet(link).infoHash, torrent.infoHash, path)
    // A client finds all others by the first one
    assert.equal(parseMagnet(link).trackers[0], TRACKERS[0], path)
    assert.match(magnets['cold.iso'] ?? '', /^magnet \.\S+cold\.iso\.magnet$/, path)
  }
  assert.equal((await magnetsOf(port, '/pub/'))['dir/'], 'magnet ../-/view/pub/dir.magnet')
  const page = (await ask(port, '/pub/', { headers: PAGE })).body.toString()
  const [, rest = ''] = /<meta name="magnet" content="([^"]*)"/.exec(page) ?? []
  assert.equal(new URLSearchParams(rest.replaceAll('&amp;', '&')).get('tr'), TRACKERS[1])
})

test("a row of a file with the operator's own torrent leads to the page of that", async (t) => {
  const files = { 'a.iso': 'a', 'b.iso': 'b' }
  const other = await serveMirror(t, {
    files,
    args: ['--tracker', 'http://given.example/announce'],
  })
  const given = makeScratch(t, { 'a.iso.torrent': (await ask(other.port, '/a.iso.torrent')).body })
  const args = ['--warm', '*', '--torrents', given, ...NAMED]
  const { port } = await serveMirror(t, { files, args, ready: 2 })
  const { announce } = parseMetainfo((await ask(port, '/a.iso.torrent')).body)
  assert.equal(announce, 'http://given.example/announce')
  const magnets = await magnetsOf(port, '/')
  assert.match(magnets['b.iso'] ?? '', /^magnet magnet:/)
  assert.match(magnets['a.iso'] ?? '', /^magnet -\/view\/a\.iso\.magnet$/)
})

test('the page of a file has its magnet link and info hash if they are known', async (t) => {
  const files = { 'pub/warm.iso': 'warm', 'pub/cold.iso': 'cold' }
  const { port } = await serveMirror(t, { files, args: ['--warm', '/pub/w*', ...NAMED], ready: 1 })
  const { infoHash, trackers } = parseMagnet(
    (await ask(port, '/pub/warm.iso.magnet')).body.toString().trim(),
  )
  const page = (await ask(port, '/-/view/pub/warm.iso.details', { headers: PAGE })).body.toString()
  const [, link = ''] = /<a class="button" href="(magnet:[^"]*)"/.exec(page) ?? []
  const shown = parseMagnet(link.replaceAll('&amp;', '&'))
  assert.deepEqual([shown.infoHash, shown.trackers], [infoHash, trackers])
  assert.match(page, new RegExp(`<dt>Info hash</dt>[^]*>${infoHash ?? ''}<`))
  assert.match(page, /<title>warm\.iso - btkit mirror<\/title>/)
  assert.match(page, /<meta property="og:title" content="warm\.iso" \/>/)
  const cold = (await ask(port, '/-/view/pub/cold.iso.details', { headers: PAGE })).body.toString()
  assert.match(cold, /<meta property="og:description" content="4 B" \/>/)
  assert.doesNotMatch(cold, /href="magnet:|Info hash/)
  assert.match(cold, /href="[^"]*\/cold\.iso\.magnet">Magnet</)
})
