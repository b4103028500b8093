import assert from 'node:assert/strict'
import {
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { onlyRoot } from '../../../disk/failure.js'
import { decodeTorrent, independentInfoHash } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { assertQuiet, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const FILES = { 'a.iso': 'hello', 'dir/one': '1', 'dir/two': '22' }

test('each file and each directory gets a torrent of its name', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { stdout } = assertQuiet(await mirror.run())
  assert.deepEqual(stdout.replace(/[\d.]+ s$/m, 'X s').split('\n'), [
    `created ${mirror.torrent('a.iso')}`,
    `created ${mirror.torrent('dir')}`,
    'created 2, updated 0, unchanged 0, removed 0, failed 0; read 8 B, reused 0 B, X s',
    '',
  ])
  assert.deepEqual(mirror.list(), ['a.iso.torrent', 'dir.torrent'])
  const { info, announce } = decodeTorrent(readFileSync(mirror.torrent('dir')))
  assert.deepEqual([info['name'], announce], ['dir', TRACKER])
  assert.deepEqual(info['files'], [
    { length: 1, path: ['one'] },
    { length: 2, path: ['two'] },
  ])
  await mirror.checkAgainstFresh()
})

test('without --target torrents go beside the entries, and get none themselves', async (t) => {
  const directory = makeScratch(t, FILES)
  const args = ['completedir', TRACKER, directory, '--no-cache', '--json']
  assert.equal((parseJson(await runBtkit(args)) as unknown as Report).created.length, 2)
  assert.ok(existsSync(join(directory, 'dir.torrent')))
  const again = parseJson(await runBtkit(args)) as unknown as Report
  assert.deepEqual([again.created.length, again.updated.length, again.unchanged], [0, 0, 2])
})

test('root writes no torrents and no cache through a link of another user', onlyRoot, async (t) => {
  const root = makeScratch(t, { 'src/a.iso': 'hello' })
  const [link, victim] = [join(root, 'link'), join(root, 'victim')]
  mkdirSync(victim)
  symlinkSync('victim', link)
  lchownSync(link, 1, 1)
  for (const path of [link, `${link}/`]) {
    const own = ['completedir', TRACKER, join(root, 'src'), '--state-dir', join(root, 'state')]
    for (const more of [[], ['--recursive']]) {
      const { status, stderr } = await runBtkit([...own, '--no-cache', '--output', path, ...more])
      assert.notEqual(status, 0)
      assert.match(stderr, /link: is a link of user 1, who could make it lead to any file/)
    }
    const made = ['makemetafile', TRACKER, join(root, 'src'), '--output', join(root, 'x.torrent')]
    const { stderr } = await runBtkit([...made, '--force', '--cache-dir', path])
    assert.match(stderr, /warning: cache .*: not used: .*link: is a link of user 1/)
  }
  assert.deepEqual(readdirSync(victim), [])
})

test('if nothing changed, nothing is read or written', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const before = mirror.list().map((name) => statSync(join(mirror.target, name)))
  const { unchanged, bytesHashed, bytesReused, created, updated } = await mirror.report()
  assert.deepEqual(
    { unchanged, bytesHashed, bytesReused, created, updated },
    { unchanged: 2, bytesHashed: 0, bytesReused: 8, created: [], updated: [] },
  )
  const after = mirror.list().map((name) => statSync(join(mirror.target, name)))
  assert.deepEqual(after, before)
})

test('a later date alone does not rewrite a torrent', async (t) => {
  const mirror = new Mirror(t, FILES)
  const dated = (seconds: number) => mirror.report(['--date', `${seconds}`])
  await dated(1)
  assert.equal((await dated(2)).unchanged, 2)
  assert.equal(decodeTorrent(readFileSync(mirror.torrent('dir')))['creation date'], 1)
})

test('a file changed less than two seconds ago is hashed again next time, and then trusted', async (t) => {
  const mirror = new Mirror(t, FILES)
  const later = { now: () => Date.now() + 2500 }
  assert.equal((await mirror.report([], { now: Date.now })).bytesHashed, 8)
  assert.equal((await mirror.report([], { now: Date.now })).bytesHashed, 8)
  assert.equal((await mirror.report([], later)).bytesHashed, 8)
  assert.equal((await mirror.report([], later)).bytesHashed, 0)
})

test('a file of the future is hashed each time', async (t) => {
  const mirror = new Mirror(t, { a: '12345' })
  const past = { now: () => Date.now() - 60_000 }
  for (let i = 0; i < 3; i++) assert.equal((await mirror.report([], past)).bytesHashed, 5)
  assert.equal((await mirror.report([], past)).unchanged, 1)
  await mirror.checkAgainstFresh()
})

test('--json prints one object of just these fields', async (t) => {
  const mirror = new Mirror(t, { 'a.iso': 'hello', empty: '' })
  const report = await mirror.report()
  const infoHash = independentInfoHash(readFileSync(mirror.torrent('a.iso')))
  const { seconds, ...rest } = report
  assert.ok(seconds >= 0)
  const nothing = { updated: [], adopted: [], removed: [], unchanged: 0, failed: [] }
  assert.deepEqual(rest, {
    ...nothing,
    created: [
      {
        ...mirror.paths('a.iso'),
        infoHash,
        oldInfoHash: null,
        infoHashV2: null,
        oldInfoHashV2: null,
      },
    ],
    skipped: [{ ...mirror.paths('empty'), reason: 'empty' }],
    bytesHashed: 5,
    bytesReused: 0,
    dryRun: false,
    published: [],
    republished: [],
    withdrawn: [],
    unpublished: [],
    checksumLists: { created: [], updated: [], removed: [], skipped: [] },
    kept: {},
    interrupted: false,
  })
  writeFileSync(mirror.at('a.iso'), 'other')
  const { updated } = await mirror.report()
  const newHash = independentInfoHash(readFileSync(mirror.torrent('a.iso')))
  assert.deepEqual(updated, [
    {
      ...mirror.paths('a.iso'),
      infoHash: newHash,
      oldInfoHash: infoHash,
      infoHashV2: null,
      oldInfoHashV2: null,
      reason: 'a.iso changed',
    },
  ])
})

test('--quiet prints nothing when all is well, and failures when not', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { status, stdout, stderr } = await mirror.run(['--quiet'])
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
  mkdirSync(mirror.torrent('b'))
  writeFileSync(mirror.at('b'), 'b')
  const failed = await mirror.run(['--quiet'])
  assert.deepEqual([failed.status, failed.stdout], [1, ''])
  assert.match(failed.stderr, /^btkit: [^\n]*b\.torrent: [^\n]+\n$/)
})

test('a failed entry does not stop the rest, and is reported with its code', async (t) => {
  const mirror = new Mirror(t, { a: 'a', b: 'b', c: 'c' })
  mkdirSync(mirror.torrent('b'))
  const { created, failed } = await mirror.report()
  assert.deepEqual(entriesOf(created), ['a', 'c'])
  assert.deepEqual(
    failed.map(({ source, code }) => [source, code]),
    [[mirror.at('b'), 'io']],
  )
})

test('--dry-run reports the planned changes, reads nothing and writes nothing', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { created, bytesHashed, dryRun } = await mirror.report(['--dry-run'])
  assert.deepEqual([entriesOf(created), bytesHashed, dryRun], [['a.iso', 'dir'], 0, true])
  assert.equal(created[0]?.infoHash, null)
  assert.deepEqual(mirror.list(), [])
  await mirror.report()
  writeFileSync(mirror.at('a.iso'), 'other')
  const before = readFileSync(mirror.torrent('a.iso'))
  const { updated, unchanged } = await mirror.report(['--dry-run'])
  assert.deepEqual([entriesOf(updated), unchanged], [['a.iso'], 1])
  assert.deepEqual(readFileSync(mirror.torrent('a.iso')), before)
})

test('files and directories of 0 bytes are skipped', async (t) => {
  const mirror = new Mirror(t, { a: '', 'dir/a': '', 'dir/b': '' })
  mkdirSync(mirror.at('hollow'))
  const { skipped, failed } = await mirror.report()
  assert.deepEqual(entriesOf(skipped), ['a', 'dir', 'hollow'])
  assert.deepEqual(new Set(skipped.map(({ reason }) => reason)), new Set(['empty']))
  assert.deepEqual([failed, mirror.list()], [[], []])
})

test('entries with odd names get torrents', async (t) => {
  const names = ['-rf', '--help', 'new\nline', '日本', ' ', "'", 'tab\t', '%s']
  const mirror = new Mirror(t, Object.fromEntries(names.map((name) => [name, name])))
  const { created, failed } = await mirror.report()
  assert.deepEqual(entriesOf(created).sort(), [...names].sort())
  assert.deepEqual(failed, [])
  await mirror.checkAgainstFresh()
  const { stdout } = await mirror.run(['--dry-run', '--force', '--no-cache', '--comment', 'x'])
  assert.equal(stdout.split('\n').length, names.length + 2)
})

test('entries that are torrents, hidden or unfinished get none', async (t) => {
  const unfinished = '.x.00000000-1-00000000.btkit-tmp'
  const mirror = new Mirror(t, { 'x.torrent': 'x', '.hidden': 'x', [unfinished]: 'x', y: 'y' })
  mkdirSync(mirror.at('dir.torrent'))
  await mirror.report()
  assert.deepEqual(mirror.list(), ['y.torrent'])
  await mirror.report(['--all'])
  assert.deepEqual(mirror.list(), ['.hidden.torrent', 'y.torrent'])
})

test('a target inside the source directory gets no torrent of itself', async (t) => {
  const mirror = new Mirror(t, { ...FILES, 'torrents/x': 'x', 'deep/er/x': 'x' })
  const target = ['--target', mirror.at('torrents')]
  const { created, skipped } = await mirror.report(target)
  assert.deepEqual(entriesOf(created), ['a.iso', 'deep', 'dir'])
  const [{ source, reason } = {}] = skipped
  assert.deepEqual([skipped.length, source, reason], [1, mirror.at('torrents'), 'the target'])
  assert.equal((await mirror.report(target)).unchanged, 3)
})

test('a target inside an entry is no part of its torrent', async (t) => {
  const mirror = new Mirror(t, { 'dir/one': '1', 'dir/torrents/x': 'x' })
  const target = ['--target', mirror.at('dir', 'torrents')]
  await mirror.report(target)
  const { info } = decodeTorrent(readFileSync(mirror.at('dir', 'torrents', 'dir.torrent')))
  assert.deepEqual(info['files'], [{ length: 1, path: ['one'] }])
  assert.equal((await mirror.report(target)).unchanged, 1)
})

/** Runs on a directory and one inside it, with the torrents beside the entries. */
async function completeNested(mirror: Mirror, directories: readonly string[]): Promise<Report> {
  const places = ['--cache-dir', mirror.cache, '--state-dir', mirror.state]
  const args = ['completedir', TRACKER, ...directories, ...places, '--json']
  return parseJson(await runBtkit(args, { now: aheadOfFiles })) as unknown as Report
}

for (const order of ['outer first', 'inner first']) {
  test(`torrents written into an entry are no part of it, ${order}`, async (t) => {
    const mirror = new Mirror(t, { 'dir/one': '1', 'dir/sub/two': '22' })
    const directories = [mirror.source, mirror.at('dir')]
    if (order === 'inner first') directories.reverse()
    assert.equal((await completeNested(mirror, directories)).created.length, 3)
    const again = await completeNested(mirror, directories)
    assert.deepEqual([again.created, again.updated, again.unchanged], [[], [], 3])
    const { info } = decodeTorrent(readFileSync(mirror.at('dir.torrent')))
    assert.deepEqual(info['files'], [
      { length: 1, path: ['one'] },
      { length: 2, path: ['sub', 'two'] },
    ])
  })
}

test('a torrent whose source is gone is still not content of the torrent of its directory', async (t) => {
  const mirror = new Mirror(t, { 'dir/one': '1', 'dir/two': '22' })
  const directories = [mirror.source, mirror.at('dir')]
  await completeNested(mirror, directories)
  rmSync(mirror.at('dir', 'two'))
  assert.deepEqual(entriesOf((await completeNested(mirror, directories)).updated), ['dir'])
  assert.ok(existsSync(mirror.at('dir', 'two.torrent')))
  const { info } = decodeTorrent(readFileSync(mirror.at('dir.torrent')))
  assert.deepEqual(info['files'], [{ length: 1, path: ['one'] }])
})

test('torrents that were there as content are part of the entry that holds them', async (t) => {
  const mirror = new Mirror(t, {
    'dir/one': '1',
    'dir/other.torrent': 'x',
    'dir/sub/a.torrent': 'y',
  })
  await completeNested(mirror, [mirror.source, mirror.at('dir')])
  const { info } = decodeTorrent(readFileSync(mirror.at('dir.torrent')))
  assert.deepEqual(info['files'], [
    { length: 1, path: ['one'] },
    { length: 1, path: ['other.torrent'] },
    { length: 1, path: ['sub', 'a.torrent'] },
  ])
})

test('a link inside the directory gets the torrent of what it points to, another none', async (t) => {
  const mirror = new Mirror(t, FILES)
  symlinkSync('a.iso', mirror.at('latest'))
  symlinkSync('/etc', mirror.at('outside'))
  symlinkSync('nowhere', mirror.at('broken'))
  const { created, skipped } = await mirror.report()
  assert.deepEqual(entriesOf(created), ['a.iso', 'dir', 'latest'])
  assert.deepEqual(
    skipped.map(({ reason }) => reason),
    ['broken link', 'link leads outside'],
  )
  await mirror.checkAgainstFresh()
})
