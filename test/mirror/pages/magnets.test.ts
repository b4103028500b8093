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

test("the page of a file with the operator's own torrent has the magnet link of that", async (t) => {
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
  const trackersOf = async (name: string) => {
    const page = (await ask(port, `/-/view/${name}.magnet`, { headers: PAGE })).body.toString()
    const [, link = ''] = /href="(magnet:[^"]*)"/.exec(page) ?? []
    return parseMagnet(link.replaceAll('&amp;', '&')).trackers.toSorted()
  }
  assert.deepEqual(await trackersOf('a.iso'), [announce])
  assert.deepEqual(await trackersOf('b.iso'), TRACKERS)
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
