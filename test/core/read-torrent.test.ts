import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BtkitError } from '../../src/base/errors.js'
import { loadTorrents } from '../../src/core/read-torrent.js'
import { makeScratch } from '../support/scratch.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'

const LARGE = 20_000

/** A torrent of 400 KB. */
const large = () => {
  const pieces = new Uint8Array(20 * LARGE)
  return torrentOf(singleFileInfo({ name: 'large', length: 16384 * LARGE, pieces }))
}

test('many torrents come in their order, large, broken and missing ones among them', async (t) => {
  const files: Record<string, string | Uint8Array> = {}
  for (let i = 0; i < 150; i++) files[`${i}`] = torrentOf(singleFileInfo({ name: `torrent ${i}` }))
  Object.assign(files, { 70: 'broken', 90: large(), 91: large() })
  const directory = makeScratch(t, files)
  const names = [...Object.keys(files), 'missing']
  const paths = names.map((name) => join(directory, name))
  const read: string[] = []
  for await (const each of loadTorrents(paths, 1e6))
    read.push(each instanceof Error ? each.message : each.name)
  assert.equal(read.length, 151)
  for (const [i, text] of read.entries()) {
    if (i === 70) assert(text.startsWith(`${paths[i] ?? ''}: not a torrent`), text)
    else if (i === 150) assert.equal(text, `${paths[i] ?? ''}: no such file or directory`)
    else assert.equal(text, i === 90 || i === 91 ? 'large' : `torrent ${i}`)
  }
})

test('a file that a link leads to is not quoted', async (t) => {
  const root = makeScratch(t, { secret: 'root:$6$salt$hash:1', large: 'k'.repeat(200_000) })
  for (const name of ['secret', 'large']) {
    const link = join(root, `${name}.torrent`)
    symlinkSync(join(root, name), link)
    for await (const read of loadTorrents([link])) {
      assert.ok(read instanceof BtkitError)
      assert.deepEqual([read.code, read.message], ['bencode', `${link}: not a torrent`])
    }
  }
})

test('a torrent above the limit is refused, also a small one', async (t) => {
  const torrent = torrentOf(singleFileInfo({ name: 'one' }))
  const path = join(makeScratch(t, { 'a.torrent': torrent }), 'a.torrent')
  for await (const each of loadTorrents([path], torrent.length - 1))
    assert(each instanceof Error && each.message.includes('larger than the limit'))
})
