import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { assertError, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { goldenTorrent, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const OLD = torrentOf(singleFileInfo({ odd: 'x' }), { zzz: 1 })
const NEW = torrentOf(singleFileInfo({ odd: 'x', name: 'b c' }), { zzz: 1 })
const NEW_HASH = 'a new info hash: clients and trackers treat it as a new torrent'
const oldHash = parseMetainfo(OLD).infoHash
const newHash = parseMetainfo(NEW).infoHash

const LEGACY = { program: 'btrename', subcommand: 'rename' }

test("BitTornado's name prints both names in its words, and both info hashes", async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { status, stdout, stderr } = await runBtkit([path, 'b c'], LEGACY)
  assert.equal(
    stdout,
    'old filename: a.txt\nnew filename: b c\n' +
      `old info hash: ${oldHash}\nnew info hash: ${newHash}\ndone.\n`,
  )
  assert.deepEqual([status, stderr], [0, `btkit: 1 torrent has ${NEW_HASH}\n`])
  assert.deepEqual(readFileSync(path), Buffer.from(NEW))
})

test('btkit rename tells it as the other editors do', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { stdout, stderr } = await runBtkit(['rename', path, 'b c'])
  const lines = [
    `changed ${path}`,
    `old name for ${path}: a.txt`,
    `new name for ${path}: b c`,
    `old info hash for ${path}: ${oldHash}`,
    `new info hash for ${path}: ${newHash}`,
  ]
  assert.equal(stdout, lines.map((line) => `${line}\n`).join(''))
  assert.equal(stderr, `btkit: 1 torrent has ${NEW_HASH}\nbtkit: 1 of 1 torrent changed\n`)
})

test("in a dry run BitTornado's name does not say that it is done", async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { stdout, stderr } = await runBtkit(['--dry-run', path, 'b c'], LEGACY)
  assert.match(stdout, /^would change /)
  assert.doesNotMatch(stdout, /done/)
  assert.match(
    stderr,
    /would get a new info hash[^]*1 of 1 torrent would change; nothing was written/,
  )
  assert.deepEqual(readFileSync(path), Buffer.from(OLD))
})

test('a hybrid torrent has two hashes that change', async (t) => {
  const path = join(makeScratch(t, { a: goldenTorrent('hybrid-directory.torrent') }), 'a')
  const { stdout } = await runBtkit(['rename', path, 'other'])
  const { infoHash, infoHashV2 } = parseMetainfo(readFileSync(path))
  assert.ok(stdout.includes(`new info hash for ${path}: ${infoHash}\n`), stdout)
  assert.ok(stdout.endsWith(`new info hash v2 for ${path}: ${infoHashV2}\n`))
})

test('the JSON has both hashes', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const result = parseJson(await runBtkit(['rename', '--json', path, 'b c']))
  assert.deepEqual([result['oldInfoHash'], result['infoHash']], [oldHash, newHash])
})

test('the name that it has already is no change', async (t) => {
  const path = join(makeScratch(t, { a: OLD }), 'a')
  const { stdout, stderr } = await runBtkit(['rename', path, 'a.txt'])
  assert.deepEqual(
    [stdout, stderr],
    ['', 'btkit: 0 of 1 torrent changed; 1 already is as wanted\n'],
  )
  const legacy = await runBtkit([path, 'a.txt'], LEGACY)
  assert.equal(legacy.stdout, 'old filename: a.txt\nnew filename: a.txt\ndone.\n')
  assert.equal(legacy.stderr, '')
})

for (const name of ['', '..', 'a/b']) {
  test(`the name ${JSON.stringify(name)} is wrong usage`, async (t) => {
    const path = join(makeScratch(t, { a: OLD }), 'a')
    assertError(await runBtkit(['rename', path, name]), 'usage', `name '${name}'`)
    assert.deepEqual(readFileSync(path), Buffer.from(OLD))
  })
}

test('an unreadable torrent causes one line and status 1', async (t) => {
  const path = join(makeScratch(t, { a: 'x' }), 'a')
  assertError(await runBtkit(['rename', path, 'b']), 'bencode', path)
})
