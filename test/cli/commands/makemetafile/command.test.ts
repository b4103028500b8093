import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent, independentInfoHash } from '../../../support/decode-torrent.js'
import { assertError, parseJson, runBtkit, jsonLines } from '../../../support/run-btkit.js'
import { makeScratch, plantSparse } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

test('it says what it wrote, the info hash, and what is in it', async (t) => {
  const { make, at } = makeWorkplace(t)
  const { status, stdout, stderr } = await make([])
  const written = readFileSync(at('a.iso.torrent'))
  assert.deepEqual([status, stderr], [0, ''])
  assert.equal(
    stdout,
    `wrote ${at('a.iso.torrent')} (${written.length} B)\n` +
      `info hash: ${independentInfoHash(written)}\n` +
      'content: 1 file, 5 B in 1 piece of 32 KiB\n',
  )
})

test('the other info hash of a replaced torrent is reported', async (t) => {
  const { make, at } = makeWorkplace(t)
  await make([])
  const old = independentInfoHash(readFileSync(at('a.iso.torrent')))
  assert.doesNotMatch((await make(['--comment', 'same info'])).stdout, /old info hash/)
  const dry = await make(['--dry-run', '--force', '--piece-size-pow2', '16'])
  assert.match(dry.stdout, new RegExp(`^would write .*\\nold info hash: ${old}\\n`))
  const { status, stdout } = await make(['--force', '--piece-size-pow2', '16'])
  const now = independentInfoHash(readFileSync(at('a.iso.torrent')))
  assert.equal(status, 0)
  assert.match(stdout, new RegExp(`^wrote .*\\ninfo hash: ${now}\\nold info hash: ${old}\\n`))
  const { oldInfoHash, oldInfoHashV2 } = parseJson(await make(['--json', '--force', '--hybrid']))
  assert.deepEqual([oldInfoHash, oldInfoHashV2], [now, null])
})

test('a torrent with another info hash is replaced only with --force', async (t) => {
  const { make, at, source } = makeWorkplace(t)
  await make(['--private'])
  const before = readFileSync(at('a.iso.torrent'))
  const why = `another torrent (info hash ${independentInfoHash(before)}) is there`
  const refusal = `btkit: ${at('a.iso.torrent')}: ${why}; --force replaces it, --output writes elsewhere\n`
  for (const args of [[], ['--hybrid'], ['--dry-run']]) {
    const { status, stdout, stderr } = await make(args)
    assert.deepEqual([status, stdout, stderr], [1, '', refusal], args.join(' '))
  }
  assert.equal((await make(['--private', '--comment', 'same info hash'])).status, 0)
  writeFileSync(source, 'other')
  assert.equal((await make(['--private'])).stderr, refusal)
  assert.equal(independentInfoHash(readFileSync(at('a.iso.torrent'))), independentInfoHash(before))
  const legacy = { program: 'btmakemetafile', subcommand: 'makemetafile' }
  assert.equal((await runBtkit([source, TRACKER], legacy)).status, 0)
})

test('values of a replaced torrent that are not given again are named', async (t) => {
  const { make, at, source } = makeWorkplace(t)
  const torrent = at('a.iso.torrent')
  const seed = 'http://s.example/a.iso'
  const values = ['--comment', 'Nightly build', '--web-seed', seed]
  await make(values)
  assert.equal((await make(values)).stderr, '')
  const noted = (verb: string) =>
    `btkit: ${torrent}: ${verb} web seeds: ${seed}\n` +
    `btkit: ${torrent}: ${verb} comment: Nightly build\n`
  assert.equal((await make(['--dry-run'])).stderr, noted('would remove'))
  assert.equal((await make([])).stderr, noted('removed'))
  assert.equal((await make([])).stderr, '')
  const bare = await runBtkit(['makemetafile', source, '--trackerless'])
  assert.match(bare.stderr, new RegExp(`^btkit: ${torrent}: removed trackers: ${TRACKER}$`, 'm'))
  await make(values)
  assert.equal((await make(['--quiet'])).stderr, '')
})

test('of several trackers, seeds and nodes, those that are not given again are named', async (t) => {
  const { at } = makeWorkplace(t)
  const torrent = at('a.iso.torrent')
  const [A, B] = ['udp://a.example:1/announce', 'udp://b.example:1/announce']
  const kept = ['-w', 'http://s.example/2', '--node', 'm.example:2']
  const run = (...args: readonly string[]) =>
    runBtkit(['makemetafile', at('a.iso'), '--no-cache', ...args, ...kept])
  await run('-a', A, '-a', B, '-w', 'http://s.example/1', '--node', 'n.example:1')
  const { stderr } = await run('-a', A)
  for (const lost of [`trackers: ${B}`, 'web seeds: http://s.example/1', 'nodes: n.example:1'])
    assert.match(stderr, new RegExp(`^btkit: ${torrent}: removed .*${lost}$`, 'm'))
  const other = await run('-a', 'http://c.example/announce')
  assert.equal(other.stderr, `btkit: ${torrent}: removed trackers: ${A}\n`)
})

test('the tracker may come first or last', async (t) => {
  const { source, torrent } = makeWorkplace(t)
  const { status } = await runBtkit(['makemetafile', TRACKER, source])
  assert.deepEqual([status, torrent()['announce']], [0, TRACKER])
})

for (const [place, order] of [
  ['before', ['--comment=c_c', '--piece_size_pow2', '15', 'SOURCE', TRACKER]],
  ['between', ['SOURCE', '--comment', 'c_c', '--piece-size-pow2=15', TRACKER]],
  ['after', [TRACKER, 'SOURCE', '--piece_size-pow2=15', '--comment', 'c_c']],
] as const) {
  test(`options may stand ${place} the files`, async (t) => {
    const { source, torrent } = makeWorkplace(t)
    const args = order.map((arg) => (arg === 'SOURCE' ? source : arg))
    assert.equal((await runBtkit(['makemetafile', ...args])).status, 0)
    assert.deepEqual([torrent()['comment'], torrent().info['piece length']], ['c_c', 32768])
  })
}

test('--json prints one object a line, with just these keys', async (t) => {
  const directory = makeScratch(t, { 'd/a': 'hello', 'd/.h': '', 'd/e/f': '' })
  const torrent = join(directory, 'd.torrent')
  const args = ['makemetafile', join(directory, 'd'), TRACKER, '--json', '--piece-size-pow2=14']
  const { status, stdout, stderr } = await runBtkit(args, { monotonic: () => 0 })
  assert.equal(status, 0)
  assert.equal(
    stderr,
    `btkit: ${join(directory, 'd')}: skipped 1 hidden (.h; --hidden includes it)\n`,
  )
  assert.match(stdout, /^[^\n]+\n$/)
  const bytes = readFileSync(torrent)
  assert.deepEqual(parseJson({ stdout }), {
    torrent,
    name: 'd',
    version: 'v1',
    infoHash: independentInfoHash(bytes),
    infoHashV2: null,
    oldInfoHash: null,
    oldInfoHashV2: null,
    dryRun: false,
    pieceLength: 16384,
    automaticPieceLength: false,
    pieceCount: 1,
    size: 5,
    fileCount: 2,
    torrentSize: bytes.length,
    bytesHashed: 5,
    skipped: [{ path: '.h', reason: 'hidden' }],
    checksums: [],
    seconds: 0,
    error: null,
    code: null,
  })
})

test('--quiet prints errors alone', async (t) => {
  const { make, at } = makeWorkplace(t)
  const list = ['--announce-list', 'udp://other.example:1']
  const { status, stdout, stderr } = await make(['--quiet', ...list])
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
  assert.ok(readdirSync(at('.')).includes('a.iso.torrent'))
  const refused = await runBtkit(['makemetafile', at('gone'), TRACKER, '--quiet'])
  assertError(refused, 'not-found', at('gone'))
})

test('a bad file among several does not stop the others, and the status is 1', async (t) => {
  const directory = makeScratch(t, { a: '1', empty: '', c: '3' })
  const sources = ['a', 'gone', 'empty', 'c'].map((name) => join(directory, name))
  const { status, stderr } = await runBtkit(['makemetafile', ...sources, TRACKER])
  assert.equal(status, 1)
  assert.equal(
    stderr,
    `btkit: ${join(directory, 'gone')}: no such file or directory\n` +
      `btkit: ${join(directory, 'empty')}: is empty, and clients refuse such torrents\n`,
  )
  assert.deepEqual(readdirSync(directory), ['a', 'a.torrent', 'c', 'c.torrent', 'empty'])
})

test('only skipped files: the directory is said to hold none', async (t) => {
  const directory = makeScratch(t, { 'd/.a': '1', 'd/Thumbs.db': '2' })
  const source = join(directory, 'd')
  const said =
    'no file left: skipped 1 hidden (.a; --hidden includes it), 1 system (Thumbs.db; --hidden includes it)'
  assertError(await runBtkit(['makemetafile', source, TRACKER]), 'empty', `${source}: ${said}`)
  assert.deepEqual(readdirSync(directory), ['d'])
})

test('a .torrent that libtorrent refuses causes a warning before hashing', async (t) => {
  const source = plantSparse(makeScratch(t), 'big', 10_000_000 * 1024)
  const make = (pow2: string) =>
    runBtkit(['makemetafile', source, TRACKER, '--dry-run', '-l', pow2, '--no-cache'])
  assert.match(
    (await make('14')).stderr,
    /^btkit: warning: \S+\/big: the torrent has 125\d{5} bytes, and clients on libtorrent refuse more than 10000000; use --max-torrent-size 10000000, or fewer files\n$/,
  )
  assert.equal((await make('15')).stderr, '')
  assert.match((await make('30')).stderr, /refuse pieces of 1073741824 bytes[^\n]*; use a smaller/)
})

test('an empty directory is said to be so', async (t) => {
  const source = makeScratch(t)
  const refused = await runBtkit(['makemetafile', source, TRACKER])
  assertError(refused, 'empty', `${source}: no files in it`)
})

test('skipped entries are counted by reason', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1', 'd/.b': '', 'd/.c': '', 'd/Thumbs.db': '' })
  const { stderr } = await runBtkit(['makemetafile', join(directory, 'd'), TRACKER])
  assert.equal(
    stderr,
    `btkit: ${join(directory, 'd')}: skipped 2 hidden (.b, …; --hidden includes them), 1 system (Thumbs.db; --hidden includes it)\n`,
  )
})

for (const program of ['btkit', 'btmakemetafile']) {
  const isLegacy = program !== 'btkit'
  test(`core and CVS are ${isLegacy ? 'skipped' : 'content'} with ${program}`, async (t) => {
    const directory = makeScratch(t, { 'd/core/lib': '1', 'd/CVS': '2', 'd/web': '3' })
    const args = [join(directory, 'd'), TRACKER, ...(isLegacy ? [] : ['--quiet'])]
    const invocation = isLegacy
      ? { program, subcommand: 'makemetafile', args }
      : { args: ['makemetafile', ...args] }
    const { status } = await runBtkit(invocation.args, invocation)
    const { info } = decodeTorrent(readFileSync(join(directory, 'd.torrent')))
    const paths = (info['files'] as { path: string[] }[]).map(({ path }) => path.join('/'))
    assert.deepEqual([status, paths], [0, isLegacy ? ['web'] : ['CVS', 'core/lib', 'web']])
  })
}

test('a dry run tells what would be skipped', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1', 'd/.b': '' })
  const source = join(directory, 'd')
  const { stdout, stderr } = await runBtkit([
    'makemetafile',
    source,
    TRACKER,
    '--dry-run',
    '--json',
  ])
  assert.equal(stderr, `btkit: ${source}: would skip 1 hidden (.b; --hidden includes it)\n`)
  assert.deepEqual(
    [parseJson({ stdout })['dryRun'], parseJson({ stdout })['infoHash']],
    [true, null],
  )
})

test('notes come before the hashing', async (t) => {
  const source = makeScratch(t, { a: '1', '.b': '' })
  const { stderr } = await runBtkit(['makemetafile', source, TRACKER], {
    signal: AbortSignal.abort(),
  })
  assert.equal(
    stderr,
    `btkit: ${source}: skipped 1 hidden (.b; --hidden includes it)\nbtkit: interrupted\n`,
  )
})

test('--verbose names what is skipped', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1', 'd/.b': '', 'd/e/Thumbs.db': '' })
  const source = join(directory, 'd')
  const { stderr } = await runBtkit(['makemetafile', source, TRACKER, '-v'])
  const lines = [`${source}: skipped .b (hidden)`, `${source}: skipped e/Thumbs.db (system)`]
  assert.equal(stderr, lines.map((line) => `btkit: ${line}\n`).join(''))
})

test('a run that was interrupted says so and leaves nothing', async (t) => {
  const { make, directory } = makeWorkplace(t)
  assertError(await make([], { signal: AbortSignal.abort() }), 'interrupted')
  assert.deepEqual(readdirSync(directory), ['a.iso'])
})

test('the torrents of many files are reported in order, and one that fails in its place', async (t) => {
  const names = Array.from({ length: 40 }, (_, i) => `f${`${i}`.padStart(2, '0')}`)
  const scratch = makeScratch(t, Object.fromEntries(names.map((name) => [name, name])))
  mkdirSync(join(scratch, 'to/f07.torrent'), { recursive: true })
  const sources = names.map((name) => join(scratch, name))
  const args = [...sources, '--trackerless', '--output', join(scratch, 'to'), '--json']
  const { stdout, stderr, status } = await runBtkit(['makemetafile', ...args])
  const torrents = jsonLines<{ torrent: string; error?: object }>(stdout)
  assert.deepEqual(
    torrents.map(({ torrent }) => torrent),
    names.map((name) => join(scratch, `to/${name}.torrent`)),
  )
  assert.deepEqual(
    torrents.flatMap(({ error }, i) => (error ? i : [])),
    [7],
  )
  assert.equal(stderr, `btkit: ${scratch}/to/f07.torrent: is a directory\n`)
  assert.equal(status, 1)
  assert.equal(readdirSync(join(scratch, 'to')).length, 40)
})
