import assert from 'node:assert/strict'
import { test } from 'node:test'
import { independentInfoHash } from '../../support/decode-torrent.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { serveMirror } from '../../support/serve.js'
import { ask, formOf } from '../ask.js'
import { setDigest } from './reference-rules.js'
import { MOUNT, playYum, post } from './yum-client.js'

const FILES = {
  'yum/7/a.rpm': pseudoRandom(1_500_000, 1),
  'yum/7/b.rpm': pseudoRandom(10_000, 2),
  'yum/empty.rpm': '',
}
const PATHS = ['/yum/7/a.rpm', '/yum/7/b.rpm']
const ADDRESS = `${MOUNT}/digest/${setDigest(PATHS)}`

test('a yum client gets its torrent by two requests, the next client by one', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const first = await playYum(port, PATHS.toReversed())
  assert.deepEqual(first.statuses, [412, 200])
  assert.equal(first.fileName, `${independentInfoHash(first.torrent)}.torrent`)
  const second = await playYum(port, PATHS)
  assert.deepEqual(second, { ...first, statuses: [200] })
})

test('a set is known after a restart without the cache', async (t) => {
  const before = await serveMirror(t, { files: FILES })
  const posted = await post(before.port, PATHS)
  await before.stop()
  const after = await serveMirror(t, { root: before.root })
  const found = await ask(after.port, ADDRESS)
  assert.equal(independentInfoHash(found.body), independentInfoHash(posted.body))
})

test('an unknown set is 412 without anything that a cache could keep', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  for (const method of ['GET', 'HEAD']) {
    const { status, headers, body } = await ask(port, ADDRESS, { method })
    assert.equal(status, 412)
    assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate')
    assert.equal(headers.pragma, 'no-cache')
    assert.equal(headers.expires, '0')
    assert.equal(body.length, 0)
  }
})

test('HEAD of a set has the headers of GET, without the torrent', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  await post(port, PATHS)
  const got = await ask(port, ADDRESS)
  const head = await ask(port, ADDRESS, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(head.body.length, 0)
  assert.equal(head.headers['content-length'], String(got.body.length))
  for (const name of ['content-type', 'content-disposition', 'etag']) {
    assert.equal(head.headers[name], got.headers[name], name)
  }
})

test('the digest may be in capitals, and any prefix is accepted', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { body } = await post(port, PATHS)
  const address = `/other/torrent_service/digest/${setDigest(PATHS).toUpperCase()}`
  assert.deepEqual((await ask(port, address)).body, body)
})

test('the type of the form may contain its charset', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }
  const answer = await ask(port, ADDRESS, { method: 'POST', headers, body: formOf(PATHS) })
  assert.equal(answer.status, 200)
})

test('no torrent contains a file twice, two trees, or files at the top', async (t) => {
  const top = { 'top.iso': 'y', 'top.img': 'z' }
  const { port } = await serveMirror(t, { files: { ...FILES, 'deb/a.deb': 'x', ...top } })
  const twice = await post(port, ['/yum/7/a.rpm', '/yum/7/a.rpm'])
  assert.equal(twice.status, 422)
  const mixed = await post(port, ['/deb/a.deb', '/yum/7/a.rpm'])
  assert.equal(mixed.status, 422)
  assert.match(mixed.body.toString(), /^\/yum\/7\/a\.rpm: .* \/deb\n$/)
  const atRoot = await post(port, ['/top.iso'])
  assert.equal(atRoot.status, 422)
  const pattern = await ask(port, `${MOUNT}/single/top.*`)
  assert.equal(pattern.status, 422)
  assert.match(pattern.body.toString(), /^\/top\.img: .*same first directory.*\n$/)
})
