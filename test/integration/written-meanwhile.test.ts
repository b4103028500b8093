import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../support/decode-torrent.js'
import { Mirror } from '../support/mirror.js'
import { makeScratch } from '../support/scratch.js'
import { serveMirror } from '../support/serve.js'
import {
  prepareWriters,
  unlessLongWrites,
  unlessWritersTell,
  type WriterKind,
} from '../support/writers.js'
import { ask } from '../mirror/ask.js'

const ADDRESS = '/pub/torrent_service/single/pub/a.iso'

/** The digest of a file's only piece. */
function digestOf(path: string): string {
  return createHash('sha1').update(readFileSync(path)).digest('hex')
}

/** The same as a torrent says it. */
function digestIn(torrent: Uint8Array): unknown {
  return decodeTorrent(torrent).info['pieces']
}

/** Writers that change a file whose times stand still, in their third step the last time. */
const KINDS: readonly WriterKind[] = ['long', 'mapping']

for (const kind of KINDS) {
  const condition = kind === 'long' ? unlessLongWrites : unlessWritersTell

  test(
    `completedir makes the torrent anew when a file is written: ${kind}`,
    condition,
    async (t) => {
      const startWriter = prepareWriters(t)
      const mirror = new Mirror(t, { 'a.iso': 'content' })
      const path = mirror.at('a.iso')
      const writer = startWriter(kind, path)
      for (let step = 0; step < 2; step++) await writer.step()
      assert.equal((await mirror.report()).created.length, 1)
      for (let step = 0; step < 2; step++) await writer.step()
      assert.equal((await mirror.report()).updated.length, 1)
      assert.equal(digestIn(readFileSync(mirror.torrent('a.iso'))), digestOf(path))
    },
  )

  test(`serve gives no torrent of a file before it is written: ${kind}`, condition, async (t) => {
    const startWriter = prepareWriters(t)
    const root = makeScratch(t, { 'pub/a.iso': 'content' })
    const path = join(root, 'pub/a.iso')
    const writer = startWriter(kind, path)
    for (let step = 0; step < 2; step++) await writer.step()
    const { port } = await serveMirror(t, { root })
    const early = await ask(port, ADDRESS)
    assert.equal(early.status, 503)
    assert.equal(early.body.toString(), '/pub/a.iso: open for writing; try again in 10 s\n')
    assert.match(early.headers['retry-after']!, /^\d+$/)
    for (let step = 0; step < 2; step++) await writer.step()
    const late = await ask(port, ADDRESS)
    assert.equal(late.status, 200)
    assert.equal(digestIn(late.body), digestOf(path))
  })
}
