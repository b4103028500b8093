import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const ADDRESS = '/pub/torrent_service/single/pub/a.iso'

test('a file that is written repeatedly is not ready until the writes end', async (t) => {
  let version = 1000
  const content = () => `version ${version}`
  const files = { 'pub/a.iso': content() }
  const root = makeScratch(t, files)
  const path = join(root, 'pub/a.iso')
  let isBusy = true
  // However slow the machine, the last write was a moment ago
  const now = () => (isBusy ? statSync(path).ctimeMs + 50 : Date.now() + 5_000)
  const { port } = await serveMirror(t, { root, io: { now } })
  // In place, because a truncated file is empty for a moment
  const descriptor = openSync(path, 'r+')
  const writer = setInterval(() => {
    version++
    writeSync(descriptor, content(), 0)
  }, 10)
  t.after(() => {
    clearInterval(writer)
  })
  const busy = await ask(port, ADDRESS)
  assert.equal(busy.status, 503)
  assert.match(busy.body.toString(), /^the files change[^\n]+\n$/)
  assert.match(busy.headers['retry-after']!, /^\d+$/)
  clearInterval(writer)
  closeSync(descriptor)
  isBusy = false
  const calm = await ask(port, ADDRESS)
  assert.equal(calm.status, 200)
  const expected = createHash('sha1').update(content()).digest('hex')
  assert.equal(decodeTorrent(calm.body).info['pieces'], expected)
})

test('with --min-age, a file gets a torrent and a digest when it is that old', async (t) => {
  const files = { 'pub/a.iso': 'a', 'pub/set/b': 'b' }
  const root = makeScratch(t, files)
  let now = statSync(join(root, 'pub/a.iso')).ctimeMs + 30_000
  const args = ['--min-age', '100']
  const { port } = await serveMirror(t, { root, args, io: { now: () => now } })
  const addresses = [ADDRESS, '/pub/a.iso.torrent', '/pub/set.torrent', '/pub/a.iso.sha256']
  for (const address of addresses) {
    const { status, headers, body } = await ask(port, address)
    const why = /changed less than 100 s ago; try again in (?:69|7\d) s\n/
    assert.equal(status, 503, address)
    assert.match(body.toString(), why)
    assert.match(headers['retry-after']!, /^(?:69|7\d)$/)
  }
  now += 80_000
  for (const address of addresses) assert.equal((await ask(port, address)).status, 200, address)
  assert.equal((await ask(port, '/pub/a.iso')).status, 200)
})
