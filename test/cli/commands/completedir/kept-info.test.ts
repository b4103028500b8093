import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { aheadOfFiles, digestsIn, entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertQuiet, runBtkit } from '../../../support/run-btkit.js'

const FILES = {
  'a.iso': pseudoRandom(300_000, 1),
  'dir/one': pseudoRandom(200_000, 2),
  'dir/two': pseudoRandom(100_000, 3),
}

function infoOf(mirror: Mirror, name = 'a.iso') {
  return decodeTorrent(readFileSync(mirror.torrent(name))).info
}

async function reportKept(mirror: Mirror, args: readonly string[] = []) {
  const report = (await mirror.report(args)) as Report & { kept: Record<string, number> }
  assert.equal(report.bytesHashed, 0)
  for (const { infoHash, infoHashV2, oldInfoHash, oldInfoHashV2 } of report.updated)
    assert.deepEqual([infoHash, infoHashV2], [oldInfoHash, oldInfoHashV2])
  return { kept: report.kept, unchanged: report.unchanged, updated: entriesOf(report.updated) }
}

/** Options of a first run, and what a second run without them keeps. */
const RULES: readonly (readonly [args: readonly string[], kept: Record<string, number>])[] = [
  [['--piece-length', '256K'], { 'piece length': 2 }],
  [['--private'], { 'private flag': 2 }],
  [['--source', 'tag'], { 'source tag': 2 }],
  [['--sort-by', '-path'], { 'file order': 1 }],
  [['--set', 'info.update-url="http://t.example/"'], { 'further keys': 2 }],
  [['--hybrid'], { version: 2 }],
  [['--v2'], { version: 2 }],
  [['--pad-files', '-l', '15'], { 'pad files': 1 }],
]

for (const [args, kept] of RULES) {
  test(`torrents made with ${args.join(' ')} keep their info without it, as is said once`, async (t) => {
    const mirror = await Mirror.made(t, FILES, args)
    const before = digestsIn(mirror.target)
    assert.deepEqual(await reportKept(mirror), { kept, unchanged: 2, updated: [] })
    assert.deepEqual(await reportKept(mirror), { kept: {}, unchanged: 2, updated: [] })
    assert.deepEqual(digestsIn(mirror.target), before)
    await reportKept(mirror, ['--comment', 'new'])
    assert.deepEqual(await reportKept(mirror), {
      kept: {},
      unchanged: 0,
      updated: ['a.iso', 'dir'],
    })
    assert.deepEqual(digestsIn(mirror.target), before)
    await mirror.report(['--remake'])
    await mirror.checkAgainstFresh()
    assert.deepEqual((await reportKept(mirror)).unchanged, 2)
  })
}

test('a line says how many torrents are kept, also with --quiet', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['-l', '18'])
  const line = 'btkit: 2 torrents keep other piece lengths than would be chosen now; '
  for (const args of [['--dry-run'], ['--quiet']]) {
    const { status, stderr } = await mirror.run(args)
    assert.deepEqual([status, stderr], [0, `${line}--remake makes them again\n`])
  }
  assert.equal((await mirror.run()).stderr, '')
})

test('the old name makes pieces of 2^18, and torrents that exist stay as they are', async (t) => {
  const mirror = new Mirror(t, FILES)
  const old = async (...args: string[]) => {
    const legacy = { program: 'btcompletedir', subcommand: 'completedir' }
    await runBtkit(mirror.args(args).slice(1), legacy)
    return infoOf(mirror)['piece length']
  }
  await mirror.report()
  assert.equal(await old(), 2 ** 15)
  assert.equal(await old('--piece_size_pow2', '18'), 2 ** 18)
  assert.equal(await old('--piece_size_pow2', '0'), 2 ** 15)
  assert.equal(await old('--remake'), 2 ** 18)
  writeFileSync(mirror.at('b.iso'), FILES['a.iso'])
  await old()
  assert.equal(infoOf(mirror, 'b.iso')['piece length'], 2 ** 18)
})

test('an option on the command line changes existing torrents, even if it is the default', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['-l', '18'])
  await mirror.report()
  assert.equal(infoOf(mirror)['piece length'], 2 ** 18)
  const { updated } = await mirror.report(['-l', 'auto'])
  assert.deepEqual(entriesOf(updated), ['a.iso', 'dir'])
  await mirror.checkAgainstFresh()
})

test('a typed option that torrents follow already changes nothing else of their info', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['--private', '-l', '18'])
  const { kept, updated } = await reportKept(mirror, ['--private'])
  assert.deepEqual([kept, updated], [{ 'piece length': 2 }, []])
  assert.equal(infoOf(mirror)['piece length'], 2 ** 18)
})

test('changed content gets an info by the options of the run', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['-l', '18'])
  writeFileSync(mirror.at('a.iso'), pseudoRandom(300_000, 9))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['a.iso'])
  assert.equal(infoOf(mirror)['piece length'], 2 ** 15)
  assert.equal(infoOf(mirror, 'dir')['piece length'], 2 ** 18)
})

/** Runs completedir without naming a tracker. */
async function withoutTracker(mirror: Mirror, args: readonly string[] = []) {
  const [command = '', , ...rest] = mirror.args(args)
  return runBtkit([command, ...rest], { now: aheadOfFiles })
}

function trackersIn(mirror: Mirror, name = 'a.iso') {
  const { announce, 'announce-list': list } = decodeTorrent(readFileSync(mirror.torrent(name)))
  return [announce, list]
}

function withList(t: TestContext): [Mirror, readonly string[]] {
  return [new Mirror(t, FILES), ['--announce-list', 'http://t.example/announce|udp://b.example:80']]
}

test('a run without a tracker keeps existing trackers, and new torrents have none', async (t) => {
  const [mirror, list] = withList(t)
  await mirror.report(list)
  const before = trackersIn(mirror)
  writeFileSync(mirror.at('new'), 'new')
  writeFileSync(mirror.at('a.iso'), 'other')
  const { status, stderr } = await withoutTracker(mirror, ['--comment', 'later'])
  const said = 'btkit: no tracker: clients of new torrents find each other through the DHT\n'
  assert.deepEqual([status, stderr], [0, said])
  assert.deepEqual(trackersIn(mirror), before)
  assert.deepEqual(trackersIn(mirror, 'dir'), before)
  assert.deepEqual(trackersIn(mirror, 'new'), [undefined, undefined])
  assertQuiet(await withoutTracker(mirror, ['--comment', 'later', '--quiet']))
})

test('a run without a tracker rewrites no torrent of another version of btkit', async (t) => {
  const [mirror, list] = withList(t)
  await mirror.report([...list, '--created-by', 'btkit 0.0.1'])
  const before = readFileSync(mirror.torrent('a.iso'))
  assertQuiet(await withoutTracker(mirror, ['--quiet']))
  assert.deepEqual(readFileSync(mirror.torrent('a.iso')), before)
})

test('new private torrents without a tracker cause a warning, also with --quiet', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { status, stderr } = await withoutTracker(mirror, ['--private', '--quiet'])
  const why = 'nobody can download new private torrents; give a tracker'
  assert.deepEqual([status, stderr], [0, `btkit: warning: no tracker: ${why}\n`])
})

test('trackers that were edited still count as edited after a run without one', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const edit = ['reannounce', 'http://edited.example/', mirror.torrent('a.iso')]
  assert.equal((await runBtkit(edit)).status, 0)
  await withoutTracker(mirror, ['--comment', 'x'])
  assert.equal(trackersIn(mirror)[0], 'http://edited.example/')
  await mirror.report(['--comment', 'y'])
  assert.equal(trackersIn(mirror)[0], 'http://edited.example/')
  assert.equal(trackersIn(mirror, 'dir')[0], 'http://t.example/announce')
})

test('--trackerless removes trackers, also after a run that kept them', async (t) => {
  const [mirror, list] = withList(t)
  await mirror.report(list)
  await withoutTracker(mirror)
  assert.deepEqual(trackersIn(mirror)[0], 'http://t.example/announce')
  await withoutTracker(mirror, ['--trackerless'])
  assert.deepEqual(trackersIn(mirror), [undefined, undefined])
})

test('a run without a tracker adopts foreign torrents with their trackers', async (t) => {
  const mirror = new Mirror(t, FILES)
  const make = ['makemetafile', 'http://old.example/', mirror.at('a.iso'), '-l', '18', '--quiet']
  await runBtkit([...make, '--target', mirror.target, '--no-cache'])
  assert.equal((await withoutTracker(mirror, ['--adopt'])).status, 0)
  assert.equal(trackersIn(mirror)[0], 'http://old.example/')
})
