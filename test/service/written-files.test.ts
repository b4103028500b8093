import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../support/decode-torrent.js'
import { serveMirror } from '../support/serve.js'
import { ask } from './ask.js'

const ADDRESS = '/pub/torrent_service/single/pub/a.iso'

test('a file that is written again and again is not ready, and then is', async (t) => {
  const files = { 'pub/a.iso': 'version 0' }
  const { port, root } = await serveMirror(t, { files, io: { now: Date.now } })
  let version = 0
  const writer = setInterval(() => {
    writeFileSync(join(root, 'pub/a.iso'), `version ${++version}`)
  }, 10)
  t.after(() => {
    clearInterval(writer)
  })
  const busy = await ask(port, ADDRESS)
  assert.equal(busy.status, 503)
  assert.match(busy.body.toString(), /^the files change [^\n]+\n$/)
  assert.match(busy.headers['retry-after']!, /^\d+$/)
  clearInterval(writer)
  const calm = await ask(port, ADDRESS)
  assert.equal(calm.status, 200)
  const expected = createHash('sha1').update(`version ${version}`).digest('hex')
  assert.equal(decodeTorrent(calm.body).info['pieces'], expected)
})
