import assert from 'node:assert/strict'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../support/decode-torrent.js'
import { makeScratch } from '../../support/scratch.js'
import { serveMirror } from '../../support/serve.js'
import { rawRequest } from '../hostile/raw.js'

/** The torrent of a file of 60 MiB in pieces of 16 KiB has 77 KB. */
const SMALL_PIECES = ['--piece-length', '16KiB']

test('a large torrent is whole for each host, also when it is sent again, and for HEAD', async (t) => {
  const root = makeScratch(t, { 'a.iso': '' })
  truncateSync(join(root, 'a.iso'), 60 * 2 ** 20)
  const { address, port } = await serveMirror(t, { root, args: SMALL_PIECES })
  const infos = new Set<string>()
  for (const host of ['one.example', 'one.example', 'two.example']) {
    const request = `GET /a.iso.torrent HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    const answer = await rawRequest(port, request)
    const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
    assert.match(head, /^HTTP\/1.1 200 /)
    assert.ok(head.toLowerCase().includes(`content-length: ${body.length}`), head)
    const torrent = decodeTorrent(Buffer.from(body, 'latin1'))
    assert.ok(String(torrent['url-list']).includes(host))
    infos.add(JSON.stringify(torrent.info))
  }
  assert.equal(infos.size, 1)
  const { status, headers } = await fetch(`${address}/a.iso.torrent`, { method: 'HEAD' })
  assert.equal(status, 200)
  assert.ok(Number(headers.get('content-length')) > 77_000)
  const etag = headers.get('etag') ?? ''
  const again = await fetch(`${address}/a.iso.torrent`, { headers: { 'If-None-Match': etag } })
  assert.equal(again.status, 304)
})
