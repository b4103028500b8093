import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { spliceTorrent } from '../../../../src/metainfo/edit/splice-torrent.js'
import { parseMetainfo } from '../../../../src/metainfo/parse/metainfo.js'
import { entriesOf, Mirror } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { TRACKER } from '../../../support/torrents.js'

const KIB = 1024
const FILES = {
  'a.iso': pseudoRandom(100 * KIB, 1),
  'd/x': pseudoRandom(50 * KIB, 2),
  'd/y': '',
  'd/z': 'z',
}
const ALL = 150 * KIB + 1

function torrentOf(mirror: Mirror, name: string) {
  return parseMetainfo(readFileSync(mirror.torrent(name)))
}

for (const version of ['v2', 'hybrid'] as const) {
  const options = [`--${version}`]

  test(`--${version}: a second run finds all unchanged and reads nothing`, async (t) => {
    const mirror = new Mirror(t, FILES)
    const { created, bytesHashed } = await mirror.report(options)
    assert.deepEqual([entriesOf(created), bytesHashed], [['a.iso', 'd'], ALL])
    for (const { infoHash, infoHashV2, source } of created) {
      const made = torrentOf(mirror, source.endsWith('d') ? 'd' : 'a.iso')
      assert.deepEqual([infoHash, infoHashV2], [made.infoHash, made.infoHashV2])
      assert.deepEqual([made.version, made.warnings], [version, []])
    }
    const again = await mirror.report(options)
    assert.deepEqual([again.unchanged, again.bytesHashed, again.bytesReused], [2, 0, ALL])
  })

  test(`--${version}: only the changed part of an entry is read`, async (t) => {
    const mirror = await Mirror.made(t, FILES, options)
    writeFileSync(mirror.at('d', 'x'), pseudoRandom(60 * KIB, 9))
    const { updated, unchanged, bytesHashed } = await mirror.report(options)
    assert.deepEqual([entriesOf(updated), unchanged, bytesHashed], [['d'], 1, 60 * KIB])
    await mirror.checkAgainstFresh(options)
  })

  test(`--${version}: edits outlive a change of content, and the layers are those of the new content`, async (t) => {
    const mirror = await Mirror.made(t, FILES, options)
    const edit = ['edit', '--comment', 'by hand', mirror.torrent('a.iso')]
    assert.equal((await runBtkit(edit)).status, 0)
    assert.equal((await mirror.report(options)).unchanged, 2)
    writeFileSync(mirror.at('a.iso'), pseudoRandom(90 * KIB, 8))
    assert.deepEqual(entriesOf((await mirror.report(options)).updated), ['a.iso'])
    const { comment, size, warnings } = torrentOf(mirror, 'a.iso')
    assert.deepEqual([comment, size, warnings], ['by hand', 90 * KIB, []])
    assert.equal((await mirror.report(options)).unchanged, 2)
  })

  test(`--${version}: a torrent that lost its layers gets them back, and nothing is read`, async (t) => {
    const mirror = await Mirror.made(t, FILES, options)
    const whole = readFileSync(mirror.torrent('a.iso'))
    const top = new Map([['piece layers', null]])
    writeFileSync(mirror.torrent('a.iso'), spliceTorrent(parseMetainfo(whole), { top }))
    const { updated, bytesHashed } = await mirror.report(options)
    assert.deepEqual([entriesOf(updated), bytesHashed], [['a.iso'], 0])
    assert.deepEqual(readFileSync(mirror.torrent('a.iso')), whole)
  })

  test(`--${version}: other values are updated, and no rule of info is said to differ`, async (t) => {
    const mirror = await Mirror.made(t, FILES, options)
    const { updated, kept } = await mirror.report([...options, '--comment', 'new'])
    assert.deepEqual([entriesOf(updated), kept], [['a.iso', 'd'], {}])
  })

  test(`--${version}: a foreign torrent of other options is not outdated, and no content is read`, async (t) => {
    const mirror = new Mirror(t, FILES)
    const other = ['makemetafile', mirror.at('d'), TRACKER, ...options, '--private']
    await runBtkit([...other, '--no-cache', '-o', mirror.torrent('d')])
    const { skipped, bytesHashed } = await mirror.report(options)
    assert.deepEqual([skipped.map(({ reason }) => reason), bytesHashed], [['foreign'], 100 * KIB])
  })

  test(`--${version}: an identical torrent of makemetafile is adopted`, async (t) => {
    const mirror = new Mirror(t, FILES)
    for (const name of ['a.iso', 'd']) {
      const args = ['makemetafile', mirror.at(name), TRACKER, ...options, '--no-date']
      assertStatus(await runBtkit([...args, '--no-cache', '-o', mirror.torrent(name)]), 0)
    }
    const { unchanged, skipped } = await mirror.report(options)
    assert.deepEqual([unchanged, skipped], [2, []])
    writeFileSync(mirror.at('a.iso'), 'other')
    assert.deepEqual(entriesOf((await mirror.report(options)).updated), ['a.iso'])
  })

  test(`--${version}: a foreign torrent with other files stays, and no content is read`, async (t) => {
    const mirror = new Mirror(t, FILES)
    const other = ['makemetafile', mirror.at('d'), TRACKER, ...options, '--exclude', 'z']
    await runBtkit([...other, '--no-cache', '-o', mirror.torrent('d')])
    const { created, skipped, bytesHashed } = await mirror.report(options)
    assert.deepEqual([entriesOf(created), bytesHashed], [['a.iso'], 100 * KIB])
    assert.deepEqual(
      skipped.map(({ reason }) => reason),
      ['outdated'],
    )
  })
}

test('a change of version makes all torrents again, and reads only unknown content', async (t) => {
  const mirror = new Mirror(t, FILES)
  const run = async (options: readonly string[]) => {
    const { created, updated, bytesHashed } = await mirror.report(options)
    await mirror.checkAgainstFresh(options)
    return [[...entriesOf(created), ...entriesOf(updated)], bytesHashed]
  }
  const both = ['a.iso', 'd']
  const options = ['-l', '15']
  assert.deepEqual(await run(options), [both, ALL])
  assert.deepEqual(await run([...options, '--hybrid']), [both, ALL])
  assert.deepEqual(await run([...options, '--v2']), [both, 0])
  assert.deepEqual(await run(['-l', '16', '--v2']), [both, 0])
  assert.deepEqual(await run([...options, '--hybrid']), [both, 0])
  assert.deepEqual(await run([...options, '--remake']), [both, 0])
  assert.equal(torrentOf(mirror, 'd').version, 'v1')
  assert.ok(!torrentOf(mirror, 'd').spans.has('piece layers'))
})

test('a dry run reports the planned changes of v2 torrents, and reads nothing', async (t) => {
  const mirror = new Mirror(t, FILES)
  const would = await mirror.report(['--v2', '--dry-run'])
  assert.deepEqual(
    [entriesOf(would.created), would.bytesHashed, mirror.list()],
    [['a.iso', 'd'], 0, []],
  )
  await mirror.report(['--v2'])
  writeFileSync(mirror.at('a.iso'), 'other')
  const { stdout } = await mirror.run(['--v2', '--dry-run'])
  assert.match(stdout, /would update .*a\.iso\.torrent \(or find it unchanged/)
})
