import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { version } from '../../../../src/version.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { entriesOf, Mirror } from '../../../support/mirror.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

/** Files in the place of a torrent, by description. */
const OTHERS: Record<string, Uint8Array> = {
  'a torrent that another program made': torrentOf(singleFileInfo(), {
    announce: 'http://other.example/',
    'created by': 'other 1.0',
  }),
  'a torrent that does not say who made it': torrentOf(singleFileInfo()),
  'no torrent at all': Buffer.from('notes'),
  'an empty file': Buffer.of(),
}

for (const [what, bytes] of Object.entries(OTHERS)) {
  test(`${what} is foreign: it stays, unless --force is given`, async (t) => {
    const mirror = new Mirror(t, { a: 'hello', b: 'b' })
    writeFileSync(mirror.torrent('a'), bytes)
    const { status } = await mirror.run()
    assert.equal(status, 0)
    const { skipped, created, updated, unchanged } = await mirror.report()
    assert.deepEqual(skipped, [{ ...mirror.paths('a'), reason: 'foreign' }])
    assert.deepEqual([created, updated, unchanged], [[], [], 1])
    assert.deepEqual(readFileSync(mirror.torrent('a')), Buffer.from(bytes))
    assert.deepEqual(entriesOf((await mirror.report(['--force'])).updated), ['a'])
    await mirror.checkAgainstFresh()
  })
}

test('a torrent that was copied over itself is known again, and not written', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  await mirror.report()
  copyFileSync(mirror.torrent('a'), `${mirror.root}/copy`)
  rmSync(mirror.torrent('a'))
  copyFileSync(`${mirror.root}/copy`, mirror.torrent('a'))
  const { ino, mtimeMs } = statSync(mirror.torrent('a'))
  const { unchanged, bytesHashed } = await mirror.report()
  assert.deepEqual([unchanged, bytesHashed], [1, 0])
  const after = statSync(mirror.torrent('a'))
  assert.deepEqual([after.ino, after.mtimeMs], [ino, mtimeMs])
})

for (const creator of [['--created-by', 'The Mirror Crew'], ['--no-created-by']]) {
  test(`torrents made with ${creator.join(' ')} are updated as any`, async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    await mirror.report(creator)
    assert.equal((await mirror.report(creator)).unchanged, 1)
    writeFileSync(mirror.at('a'), 'A')
    assert.deepEqual(entriesOf((await mirror.report(creator)).updated), ['a'])
    await mirror.checkAgainstFresh(creator)
  })
}

test('another creator is written to torrents without reading content', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  await mirror.report()
  const { updated, bytesHashed } = await mirror.report(['--created-by', 'X'])
  assert.deepEqual([entriesOf(updated), bytesHashed], [['a'], 0])
  assert.equal(decodeTorrent(readFileSync(mirror.torrent('a')))['created by'], 'X')
})

for (const [what, loseState] of [
  ['', false],
  [', even without cache and state', true],
] as const) {
  test(`a new version of btkit rewrites no torrent${what}`, async (t) => {
    const mirror = new Mirror(t, { a: 'a', 'dir/b': 'b' })
    await mirror.report(['--created-by', 'btkit 0.0.1'])
    if (loseState) loseAll(mirror)
    const { unchanged, updated } = await mirror.report()
    assert.deepEqual([unchanged, updated], [2, []])
    writeFileSync(mirror.at('a'), 'A')
    await mirror.report()
    const creator = decodeTorrent(readFileSync(mirror.torrent('a')))['created by']
    assert.equal(creator, `btkit ${version()}`)
  })
}

function loseAll(mirror: Mirror): void {
  for (const directory of [mirror.cache, mirror.state]) rmSync(directory, { recursive: true })
}
