import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const OLD = torrentOf(singleFileInfo({ odd: 'x' }), { zzz: 1 })
const NEW = torrentOf(singleFileInfo({ odd: 'x', name: 'b c' }), { zzz: 1 })
const oldHash = parseMetainfo(OLD).infoHash
const newHash = parseMetainfo(NEW).infoHash

test("both names are printed in BitTornado's words, and both info hashes", async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { status, stdout, stderr } = await runBtkit(['rename', path, 'b c'])
  assert.equal(
    stdout,
    'old filename: a.txt\nnew filename: b c\n' +
      `old info hash: ${oldHash}\nnew info hash: ${newHash}\ndone.\n`,
  )
  const note = 'btkit: 1 torrent has a new info hash: to clients and trackers it is another\n'
  assert.deepEqual([status, stderr], [0, note])
  assert.deepEqual(readFileSync(path), Buffer.from(NEW))
})

test('a hybrid torrent has two hashes that change', async (t) => {
  const path = join(makeScratch(t, { a: goldenTorrent('hybrid-directory.torrent') }), 'a')
  const { stdout } = await runBtkit(['rename', path, 'other'])
  const { infoHash, infoHashV2 } = parseMetainfo(readFileSync(path))
  assert.ok(stdout.includes(`new info hash: ${infoHash}\nnew info hash v2: ${infoHashV2}\n`))
})

test('the JSON has both hashes', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const result = parseJson(await runBtkit(['rename', '--json', path, 'b c']))
  assert.deepEqual([result['oldInfoHash'], result['infoHash']], [oldHash, newHash])
})

test('the name that it has already is no change', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { stdout, stderr } = await runBtkit(['rename', path, 'a.txt'])
  assert.equal(stdout, 'old filename: a.txt\nnew filename: a.txt\ndone.\n')
  assert.equal(stderr, '')
})

for (const name of ['', '.', '..', 'a/b', '/a', 'a\\b', 'a\0b']) {
  test(`the name ${JSON.stringify(name)} is wrong usage`, async (t) => {
    const path = join(makeScratch(t, { a: OLD }), 'a')
    const { status, stdout, stderr } = await runBtkit(['rename', path, name])
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^btkit: .*must be a single path component\.?\n$/)
    assert.deepEqual(readFileSync(path), Buffer.from(OLD))
  })
}

test('a torrent that can not be read is one line and status 1', async (t) => {
  const path = join(makeScratch(t, { a: 'x' }), 'a')
  const { status, stdout, stderr } = await runBtkit(['rename', path, 'b'])
  assert.deepEqual([status, stdout], [1, ''])
  assert.equal(stderr, `btkit: ${path}: offset 0: not a value\n`)
})
