import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../support/decode-torrent.js'
import { Mirror } from '../support/mirror.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'
import { mappingWriter, unlessWritersTell } from '../support/writers.js'
import { ask } from '../service/ask.js'

const ADDRESS = '/pub/torrent_service/single/pub/a.iso'

/** The digest of a file's only piece. */
function digestOf(path: string): string {
  return createHash('sha1').update(readFileSync(path)).digest('hex')
}

/** The same as a torrent says it. */
function digestIn(torrent: Uint8Array): unknown {
  return decodeTorrent(torrent).info['pieces']
}

/** Has a mapping writer go as far as its first byte: the second will move no time. */
async function mapAndStore(t: TestContext, path: string) {
  const writer = mappingWriter(t, path)
  await writer.step()
  await writer.step()
  return writer
}

test(
  'completedir makes the torrent anew when a mapping has ended',
  unlessWritersTell,
  async (t) => {
    const mirror = new Mirror(t, { 'a.iso': 'content' })
    const writer = await mapAndStore(t, mirror.at('a.iso'))
    assert.equal((await mirror.report()).created.length, 1)
    await writer.step()
    await writer.step()
    assert.equal((await mirror.report()).updated.length, 1)
    const torrent = readFileSync(mirror.torrent('a.iso'))
    assert.equal(digestIn(torrent), digestOf(mirror.at('a.iso')))
  },
)

test(
  'serve gives no torrent of a file while it is mapped for writing',
  unlessWritersTell,
  async (t) => {
    const root = makeScratch(t, { 'pub/a.iso': 'content' })
    const path = join(root, 'pub/a.iso')
    const writer = await mapAndStore(t, path)
    const { port } = await serveMirror(t, { root })
    const early = await ask(port, ADDRESS)
    assert.equal(early.status, 503)
    assert.equal(early.body.toString(), '/pub/a.iso: open for writing: ask again later\n')
    assert.match(early.headers['retry-after']!, /^\d+$/)
    await writer.step()
    await writer.step()
    const late = await ask(port, ADDRESS)
    assert.equal(late.status, 200)
    assert.equal(digestIn(late.body), digestOf(path))
  },
)
