import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  copyFileSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { version } from '../../../../src/base/process.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror } from '../../../support/mirror.js'
import { assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { type Files, plantFiles } from '../../../support/scratch.js'
import { directoryInfo, torrentOf, singleFileInfo, TRACKER } from '../../../support/torrents.js'

/** Makes the torrent of an entry as somebody would who never heard of completedir. */
async function makeBeside(mirror: Mirror, name: string, args: readonly string[]): Promise<Buffer> {
  const places = [mirror.at(name), TRACKER, '--target', mirror.torrent(name)]
  const pieces = ['--piece-size-pow2', 'auto', '--no-cache']
  const { status } = await runBtkit([
    'makemetafile',
    ...places,
    ...pieces,
    '--quiet',
    '--force',
    ...args,
  ])
  assert.equal(status, 0)
  return readFileSync(mirror.torrent(name))
}

const NO_TORRENT_OF_OURS =
  /^btkit: warning: \/.*a\.torrent: not recorded as written by completedir, and left unchanged; --force recreates all such torrents; to recreate one, move it away and run again\n$/

/** Options of a torrent that a user made without completedir. */
const CHOICES: readonly (readonly string[])[] = [
  ['--private'],
  ['--comment', 'mine'],
  ['--source', 'tag'],
  ['--web-seed', 'http://w.example/a'],
  ['--piece-size-pow2', '14'],
  ['--created-by', 'me'],
]

for (const choice of CHOICES) {
  test(`a torrent made with ${choice[0] ?? ''} beside completedir stays and is reported`, async (t) => {
    const mirror = new Mirror(t, { a: 'a', b: 'b' })
    const bytes = await makeBeside(mirror, 'a', choice)
    const first = await mirror.report(['--prune'])
    const pieceLength = choice.includes('14') ? 2 ** 14 : 2 ** 15
    assert.deepEqual(first.skipped, [{ ...mirror.paths('a'), reason: 'foreign', pieceLength }])
    assert.deepEqual([entriesOf(first.created), first.bytesHashed], [['b'], 1])
    writeFileSync(mirror.at('a'), 'A')
    const { skipped, removed } = await mirror.report(['--prune'])
    assert.deepEqual([skipped.length, removed], [1, []])
    assert.deepEqual(readFileSync(mirror.torrent('a')), bytes)
  })
}

test('a torrent is adopted if only its date differs from the wanted one', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const bytes = await makeBeside(mirror, 'a', ['--date', '12345'])
  const { unchanged, skipped } = await mirror.report()
  assert.deepEqual([unchanged, skipped], [1, []])
  assert.deepEqual(readFileSync(mirror.torrent('a')), bytes)
  writeFileSync(mirror.at('a'), 'A')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['a'])
  await mirror.checkAgainstFresh()
})

test('btkit cache clear changes nothing about whose torrents are', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b', c: 'c' })
  await runBtkit(['edit', '--comment', 'by hand', mirror.torrent('b')])
  const made = await makeBeside(mirror, 'c', ['--private'])
  rmSync(mirror.at('b'))
  await runBtkit(['cache', 'clear', '--cache-dir', mirror.cache])
  assert.ok(!readdirSync(mirror.cache).includes('pieces.sqlite'))
  writeFileSync(mirror.at('a'), 'A')
  const { updated, skipped, removed } = await mirror.report(['--prune'])
  assert.deepEqual([entriesOf(updated), entriesOf(skipped), removed], [['a'], ['b', 'c'], []])
  assert.deepEqual(readFileSync(mirror.torrent('c')), made)
  assert.equal(decodeTorrent(readFileSync(mirror.torrent('b')))['comment'], 'by hand')
})

/** Changes of content that change sizes: the files before and after. */
const OUTGROWN: Record<string, readonly [before: Files, now: Files]> = {
  'a longer file': [{ a: 'a' }, { a: 'longer' }],
  'a shorter file below it': [{ 'a/x': 'xx', 'a/y': 'y' }, { 'a/x': 'x' }],
  'a file more': [{ 'a/x': 'x' }, { 'a/y': 'y' }],
}

for (const [what, [before, now]] of Object.entries(OUTGROWN)) {
  test(`${what} of a foreign torrent is reported in each run, even with --quiet`, async (t) => {
    const mirror = new Mirror(t, before)
    const bytes = await makeBeside(mirror, 'a', ['--private'])
    assert.equal((await mirror.run(['--quiet'])).status, 0)
    plantFiles(mirror.source, now)
    const said = `btkit: ${mirror.torrent('a')}: does not match its source, and the state does not record that completedir wrote it; for a new one, move it away and run again\n`
    for (let i = 0; i < 2; i++) {
      const { status, stderr } = await mirror.run(['--quiet'])
      assert.deepEqual([status, stderr], [1, said])
    }
    const { skipped, bytesHashed } = await mirror.report()
    assert.deepEqual(skipped, [{ ...mirror.paths('a'), reason: 'outdated' }])
    assert.deepEqual([bytesHashed, readFileSync(mirror.torrent('a'))], [0, bytes])
  })
}

test('a torrent with pad files, or with hidden files that are there, fits its source', async (t) => {
  const mirror = new Mirror(t, { 'a/x': 'x', 'a/y': 'yy', 'a/z/.hidden': 'hid', 'a/z/empty': '' })
  const pad = { length: 16383, path: ['.pad', '16383'], attr: 'p' }
  const [x, y] = [
    { length: 1, path: ['x'] },
    { length: 2, path: ['y'] },
  ]
  const hidden = { length: 3, path: ['z', '.hidden'] }
  const torrents = [torrentOf(directoryInfo([x, pad, y])), torrentOf(directoryInfo([x, y, hidden]))]
  for (const [i, torrent] of torrents.entries()) {
    writeFileSync(mirror.torrent('a'), torrent)
    const { stderr } = assertStatus(await mirror.run(['--quiet']), 0)
    assert.match(stderr, i === 0 ? NO_TORRENT_OF_OURS : /^$/)
    assert.equal((await mirror.report()).skipped[0]?.reason, 'foreign')
  }
})

test('if the state is lost, current torrents are recognized, and others stay', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  rmSync(mirror.state, { recursive: true })
  writeFileSync(mirror.at('a'), 'A')
  rmSync(mirror.at('b'))
  const first = await mirror.report(['--prune'])
  assert.deepEqual([entriesOf(first.skipped), first.removed], [['a'], []])
  writeFileSync(mirror.at('a'), 'a')
  assert.equal((await mirror.report()).unchanged, 1)
  writeFileSync(mirror.at('a'), 'A')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['a'])
})

/** The files at first, the files before the restore, and options. */
const RESTORED: Record<string, readonly [before: Files, meanwhile: Files, options: string[]]> = {
  'a file': [{ a: 'a' }, { a: 'A' }, []],
  'a file of another size': [{ a: 'a' }, { a: 'longer' }, []],
  'a directory': [{ 'a/x': 'x' }, { 'a/x': 'X', 'a/y': 'y' }, []],
  'a file of version 2': [{ a: 'a' }, { a: 'A' }, ['--v2']],
}

for (const [what, [before, meanwhile, options]] of Object.entries(RESTORED)) {
  test(`${what} that is restored with its torrent has the right one, which is followed again`, async (t) => {
    const mirror = await Mirror.made(t, before, options)
    const torrent = readFileSync(mirror.torrent('a'))
    plantFiles(mirror.source, meanwhile)
    await mirror.report(options)
    rmSync(mirror.at('a'), { recursive: true })
    plantFiles(mirror.source, before)
    writeFileSync(mirror.torrent('a'), torrent)
    for (let i = 0; i < 2; i++) {
      assertQuiet(await mirror.run(['--quiet', ...options]))
    }
    assert.equal((await mirror.report(options)).unchanged, 1)
    assert.deepEqual(readFileSync(mirror.torrent('a')), torrent)
    plantFiles(mirror.source, meanwhile)
    assert.deepEqual(entriesOf((await mirror.report(options)).updated), ['a'])
    await mirror.checkAgainstFresh(options)
  })
}

test('a restored torrent keeps edited values, and the others follow the command line', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' }, ['--comment', 'one'])
  await runBtkit(['edit', '--created-by', 'me', mirror.torrent('a')])
  const torrent = readFileSync(mirror.torrent('a'))
  writeFileSync(mirror.at('a'), 'A')
  await mirror.report(['--comment', 'one'])
  writeFileSync(mirror.at('a'), 'a')
  writeFileSync(mirror.torrent('a'), torrent)
  assert.deepEqual(entriesOf((await mirror.report(['--comment', 'two'])).updated), ['a'])
  const { 'created by': creator, comment } = decodeTorrent(readFileSync(mirror.torrent('a')))
  assert.deepEqual([creator, comment], ['me', 'two'])
})

test('a restored torrent that does not match its content stays and is reported', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  const torrent = readFileSync(mirror.torrent('a'))
  writeFileSync(mirror.at('a'), 'A')
  await mirror.report()
  writeFileSync(mirror.torrent('a'), torrent)
  assert.equal((await mirror.report()).skipped[0]?.reason, 'edited')
  assert.deepEqual(readFileSync(mirror.torrent('a')), torrent)
})

test('if a link is switched to the next version, its torrent follows the link', async (t) => {
  const mirror = new Mirror(t, { a: 'old' })
  const next = join(mirror.root, 'next')
  plantFiles(next, { a: 'new' })
  const current = join(mirror.root, 'current')
  for (const version of [mirror.source, next]) {
    rmSync(current, { force: true })
    symlinkSync(version, current)
    const args = mirror.args(['--quiet']).map((arg) => (arg === mirror.source ? current : arg))
    assertQuiet(await runBtkit(args, { now: aheadOfFiles }))
  }
  const { info } = decodeTorrent(readFileSync(mirror.torrent('a')))
  assert.equal(info['pieces'], createHash('sha1').update('new').digest('hex'))
})

test('damaged state is reported and kept, and unknown torrents count as foreign', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  const directory = join(mirror.state, 'torrents')
  const [name = ''] = readdirSync(directory)
  truncateSync(join(directory, name), 10)
  writeFileSync(mirror.at('a'), 'A')
  const before = readFileSync(mirror.torrent('a'))
  const { stderr } = assertStatus(await mirror.run(['--quiet']), 1)
  const [first = '', ...left] = stderr.split(/(?<=\n)/)
  assert.match(first, /^btkit: warning: state [^\n]+ damaged, kept as [^\n]+\n$/)
  assert.match(left.join(''), /^btkit: [^\n]+ does not match its source, [^\n]+\n$/)
  assert.deepEqual(readFileSync(mirror.torrent('a')), before)
  assert.equal(readdirSync(directory).filter((each) => each.startsWith(name)).length, 2)
  assert.deepEqual((await mirror.run(['--quiet'])).stderr, left.join(''))
})

test("if the state can't be read, the run fails and writes nothing", async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  writeFileSync(mirror.state, 'in the way')
  const { status, stderr } = await mirror.run()
  // Later versions of Node find it when the directory is made, which adds what to do
  const hint = /(?:; name another with --state-dir)?/.source
  assert.match(stderr, RegExp(`^btkit: state [^\\n]+: not a directory${hint}\\n$`))
  assert.deepEqual([status, mirror.list()], [1, []])
})

test("if the state can't be written, nothing is read, and one line says what to do", async (t) => {
  const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`e${i}`, `${i}`]))
  const mirror = new Mirror(t, files)
  const { status, stderr } = await mirror.run(['--quiet', '--state-dir', '/proc/nowhere'])
  const what = 'state /proc/nowhere/torrents: no such file or directory'
  assert.equal(stderr, `btkit: ${what}; name another with --state-dir\n`)
  assert.deepEqual([status, mirror.list()], [1, []])
  const { bytesHashed } = await mirror.report(['--state-dir', '/proc/nowhere'])
  assert.equal(bytesHashed, 0)
})

test("if the state can't be used, the run still reports its changes", async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  for (const directory of ['/dev/null', '/proc/nowhere']) {
    const { failed, created } = await mirror.report(['--state-dir', directory])
    assert.deepEqual([failed.length, created], [1, []])
    const { stdout } = assertStatus(await mirror.run(['--state-dir', directory]), 1)
    assert.match(stdout, /^created 0, .* failed 1; .*\n$/)
  }
})

test('state goes where BTKIT_STATE_DIR says', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const args = mirror.args(['--quiet'])
  args.splice(args.indexOf('--state-dir'), 2)
  const env = { BTKIT_STATE_DIR: join(mirror.root, 'elsewhere') }
  assert.equal((await runBtkit(args, { env, now: aheadOfFiles })).status, 0)
  assert.deepEqual(readdirSync(join(mirror.root, 'elsewhere')), ['torrents'])
})

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
    assertStatus(await mirror.run(), 0)
    const { skipped, created, updated, unchanged } = await mirror.report()
    assert.deepEqual(skipped, [{ ...mirror.paths('a'), reason: 'foreign' }])
    assert.deepEqual([created, updated, unchanged], [[], [], 1])
    assert.deepEqual(readFileSync(mirror.torrent('a')), Buffer.from(bytes))
    assert.deepEqual(entriesOf((await mirror.report(['--force'])).updated), ['a'])
    await mirror.checkAgainstFresh()
  })
}

test('a torrent that was copied over itself is known again, and not written', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
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
    const mirror = await Mirror.made(t, { a: 'a' }, creator)
    assert.equal((await mirror.report(creator)).unchanged, 1)
    writeFileSync(mirror.at('a'), 'A')
    assert.deepEqual(entriesOf((await mirror.report(creator)).updated), ['a'])
    await mirror.checkAgainstFresh(creator)
  })
}

test('another creator is written to torrents without reading content', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  const { updated, bytesHashed } = await mirror.report(['--created-by', 'X'])
  assert.deepEqual([entriesOf(updated), bytesHashed], [['a'], 0])
  assert.equal(decodeTorrent(readFileSync(mirror.torrent('a')))['created by'], 'X')
})

for (const [what, loseState] of [
  ['', false],
  [', even without cache and state', true],
] as const) {
  test(`a new version of btkit rewrites no torrent${what}`, async (t) => {
    const mirror = await Mirror.made(t, { a: 'a', 'dir/b': 'b' }, ['--created-by', 'btkit 0.0.1'])
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
