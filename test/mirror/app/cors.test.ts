import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveMirror } from '../../support/serve.js'
import { ask } from '../ask.js'

const FILES = { 'd/a.bin': 'content' }
/** Addresses of torrents, JSON and files. */
const OPEN = ['/d/a.bin', '/d/a.bin.torrent', '/d/?json', '/d/a.bin.magnet', '/none.torrent']
const PAGE = { Origin: 'https://page.example' }

/** The request by which a browser asks whether a page may send a range. */
const BEFOREHAND = {
  ...PAGE,
  'Access-Control-Request-Method': 'GET',
  'Access-Control-Request-Headers': 'cache-control,range',
}

test('with --cors, pages of other sites may send ranges, and read the headers of answers', async (t) => {
  const { port } = await serveMirror(t, { files: FILES, args: ['--cors'] })
  for (const path of OPEN) {
    // The second answer comes from memory
    for (let time = 0; time < 2; time++) {
      const { status, headers } = await ask(port, path, { method: 'OPTIONS', headers: BEFOREHAND })
      assert.equal(status, 204)
      assert.equal(headers['access-control-allow-origin'], '*')
      assert.match(String(headers['access-control-allow-methods']), /\bGET\b/)
      assert.match(String(headers['access-control-allow-headers']), /\*|range/i)
      const answer = await ask(port, path, { headers: PAGE })
      assert.equal(answer.headers['access-control-allow-origin'], '*')
      const shown = String(answer.headers['access-control-expose-headers']).split(', ')
      for (const name of ['Content-Range', 'ETag', 'Repr-Digest', 'Content-Length'])
        assert.ok(shown.includes(name), name)
    }
  }
  for (const path of ['/-/metrics', '/-/status.json', '/-/status']) {
    for (const question of [{}, { method: 'OPTIONS', headers: BEFOREHAND }]) {
      const { headers } = await ask(port, path, question)
      assert.equal(headers['access-control-allow-origin'], undefined, path)
    }
  }
})

test('without --cors, pages of other sites get nothing', async (t) => {
  const { port } = await serveMirror(t, { files: FILES })
  const { status, headers } = await ask(port, '/d/a.bin', {
    method: 'OPTIONS',
    headers: BEFOREHAND,
  })
  assert.deepEqual([status, headers['access-control-allow-origin']], [405, undefined])
  for (const path of OPEN) {
    const answer = await ask(port, path)
    assert.equal(answer.headers['access-control-allow-origin'], undefined, path)
  }
})
