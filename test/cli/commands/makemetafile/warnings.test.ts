import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NOW, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

const MISSING = `btkit: warning: ${TRACKER}: not in the announce list, so clients will not use it\n`

for (const [list, warning] of [
  ['udp://b.example:80', MISSING],
  [`udp://b.example:80|${TRACKER}x`, MISSING],
  [TRACKER, ''],
  [`udp://b.example:80|ws://c.example,${TRACKER}`, ''],
] as const) {
  test(`a list of ${list} ${warning === '' ? 'has' : 'lacks'} the tracker`, async (t) => {
    const { make } = makeWorkplace(t)
    const { status, stderr } = await make(['--announce-list', list])
    assert.deepEqual([status, stderr], [0, warning])
  })
}

test('without a list there is no warning', async (t) => {
  assert.equal((await makeWorkplace(t).make([])).stderr, '')
})

for (const [rate, warning] of [
  ['50', 'btkit: warning: --max-rate: only 50 bytes per second; write 20M for 20 MiB per second\n'],
  [
    '65535',
    'btkit: warning: --max-rate: only 65535 bytes per second; write 20M for 20 MiB per second\n',
  ],
  ['64K', ''],
] as const) {
  test(`a rate of ${rate} is ${warning === '' ? '' : 'probably not '}meant`, async (t) => {
    const { make } = makeWorkplace(t)
    assert.equal((await make(['--max-rate', rate, '--dry-run'])).stderr, warning)
    assert.equal((await make(['--max-rate', rate, '--dry-run', '--quiet'])).stderr, '')
  })
}

test('a glob that matches nothing is a warning, and one that looks like a list says so', async (t) => {
  const directory = makeScratch(t, { 'd/a.tmp': '1', 'd/b': '2', 'd/docs/c': '3', 'd/.git/x': '' })
  const globs = ['*.tmp,.git', 'd/docs', 'DOCS', 'docs/', '.git', 'docs/c']
  const excludes = globs.flatMap((glob) => ['--exclude', glob])
  const args = ['makemetafile', join(directory, 'd'), TRACKER, ...excludes]
  // With the other one as many as there are of --exclude
  args.push(...new Array<string>(5).fill('--include=b'))
  const { status, stderr } = await runBtkit([...args, '--include', 'x.*'])
  const lines = stderr.split('\n').filter((line) => line.includes('warning'))
  assert.equal(status, 0)
  assert.deepEqual(lines, [
    "btkit: warning: --include 'x.*': nothing matches it",
    "btkit: warning: --exclude '*.tmp,.git': nothing matches it; " +
      "give --exclude once for each glob, or write '{*.tmp,.git}'",
    "btkit: warning: --exclude 'd/docs': nothing matches it; leave out 'd/' at its beginning",
    "btkit: warning: --exclude 'DOCS': nothing matches it",
    "btkit: warning: --exclude 'docs/c': nothing matches it",
  ])
  assert.doesNotMatch((await runBtkit([...args, '--quiet'])).stderr, /warning/)
})

test('a glob that excludes a name that is not UTF-8 matches something', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1' })
  writeFileSync(Buffer.from(`${directory}/d/caf\xe9`, 'latin1'), '2')
  const args = ['makemetafile', join(directory, 'd'), TRACKER, '--exclude', 'caf?']
  const { status, stderr } = await runBtkit(args)
  assert.deepEqual([status, stderr], [0, `btkit: ${directory}/d: skipped 1 excluded\n`])
})

test('a glob must match something in one of several sources', async (t) => {
  const directory = makeScratch(t, { 'd/a.tmp': '1', 'd/b': '2', 'e/b': '3' })
  const sources = ['d', 'e'].map((name) => join(directory, name))
  const { stderr } = await runBtkit(['makemetafile', ...sources, TRACKER, '--exclude', '*.tmp'])
  assert.doesNotMatch(stderr, /warning/)
})

test('completedir names an --exclude that looks like a list', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1' })
  const args = ['completedir', join(directory, 'd'), TRACKER, '--state-dir', directory]
  const { stderr } = await runBtkit([...args, '--exclude', '*.tmp,.git'])
  const advice = "give --exclude once for each glob, or write '{*.tmp,.git}'"
  assert.equal(stderr, `btkit: warning: --exclude '*.tmp,.git': ${advice}\n`)
})

test('a torrent that is there is unchanged, whenever it was made', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  await make([])
  const now = () => (NOW + 3600) * 1000
  const { status, stdout, stderr } = await make(['--check'], { now })
  assert.deepEqual([status, stdout, stderr], [0, `unchanged ${at('a.iso.torrent')}\n`, ''])
  assert.deepEqual(readdirSync(directory).sort(), ['a.iso', 'a.iso.torrent'])
})

for (const [options, changes] of [
  [['--comment', 'new'], 'comment'],
  [['--private', '--web-seed', 'http://w.example/'], 'info: private, url-list'],
  [['--piece-length', '64K'], 'info: piece length'],
  [['--source', 'A'], 'info: source'],
  [['--date', '2026-01-01'], 'creation date'],
  [['--no-date'], 'creation date'],
] as const) {
  test(`${options.join(' ')} would change ${changes}`, async (t) => {
    const { make, at } = makeWorkplace(t)
    await make([])
    const before = readFileSync(at('a.iso.torrent'))
    const { status, stdout } = await make([...options, '--check'])
    const [first, ...rest] = stdout.trimEnd().split('\n')
    assert.deepEqual([status, first], [1, `would change ${at('a.iso.torrent')}: ${changes}`])
    assert.equal(rest.length, changes.includes('info') ? 2 : 0)
    assert.deepEqual(readFileSync(at('a.iso.torrent')), before)
  })
}

test('other content and a missing torrent are changes', async (t) => {
  const { make, at, source } = makeWorkplace(t)
  const missing = assertStatus(await make(['--check']), 1)
  assert.match(missing.stdout, new RegExp(`^would create ${at('a.iso.torrent')}\ninfo hash: `))
  await make([])
  writeFileSync(source, 'HELLO')
  const { status, stdout } = await make(['--check', '--json'])
  const { changes, status: found, infoHash, oldInfoHash } = parseJson({ stdout })
  assert.deepEqual([status, found, changes], [1, 'changed', ['info: content']])
  assert.notEqual(infoHash, oldInfoHash)
})

test('several tags and sources are compared each', async (t) => {
  const { make, at } = makeWorkplace(t)
  const tags = ['--source', 'A', '--source', 'B', '-o', at('')]
  await make(tags)
  assert.equal((await make([...tags, '--check', '--quiet'])).status, 0)
  writeFileSync(at('a.iso.B.torrent'), 'no torrent')
  const { status, stdout, stderr } = await make([...tags, '--check'])
  assert.deepEqual([status, stdout], [1, `unchanged ${at('a.iso.A.torrent')}\n`])
  assert.match(stderr, /a\.iso\.B\.torrent/)
})

test('it excludes what writes nothing to compare with', async (t) => {
  const { make } = makeWorkplace(t)
  for (const other of ['--dry-run', '--randomize', '--output -']) {
    const { status, stderr } = await make(['--check', ...other.split(' ')])
    const message = `btkit: --check and ${other} cannot be used together\n`
    assert.deepEqual([status, stderr], [2, message])
  }
})

test('the web seed of a directory without a slash at its end is a warning', async (t) => {
  const directory = makeScratch(t, { 'd/a': '1', b: '2' })
  const seed = 'https://m.example/release'
  const warning = `btkit: warning: web seed "${seed}" of a directory does not end with a slash\n`
  for (const [source, url, expected] of [
    ['d', seed, warning],
    ['d', `${seed}/`, ''],
    ['b', seed, ''],
  ] as const) {
    const args = ['makemetafile', join(directory, source), TRACKER, '--web-seed', url, '--dry-run']
    assert.equal((await runBtkit(args)).stderr, expected)
    assert.equal((await runBtkit([...args, '--quiet'])).stderr, '')
  }
})

test('trackers and seeds on this machine are noted, by makemetafile and completedir', async (t) => {
  const directory = makeScratch(t, { 'd/f': 'f' })
  const at = (path: string) => join(directory, path)
  const own = (what: string) => `btkit: ${what} leads each client to its own machine\n`
  const tracker = own('tracker "http://localhost:6969/announce"')
  const args = ['--no-cache', '-a', 'http://localhost:6969/announce']
  const file = ['makemetafile', at('d/f'), ...args, '--web-seed', 'http://127.0.0.1:8080/f']
  const made = await runBtkit([
    ...file,
    '--http-seed',
    'http://[::1]/x',
    '--output',
    at('f.torrent'),
  ])
  const seeds = own('web seed "http://127.0.0.1:8080/f"') + own('HTTP seed "http://[::1]/x"')
  assert.deepEqual([made.status, made.stderr], [0, tracker + seeds])
  const base = ['--web-seed-base', 'http://localhost/d', '--state-dir', at('state')]
  const completed = await runBtkit(['completedir', at('d'), ...args, ...base])
  assert.equal(completed.stderr, `${tracker}${own('web seed "http://localhost/d"')}`)
})

test('several files with an --output that is no directory lead to --files-from', async (t) => {
  const directory = makeScratch(t, { a: 'a', b: 'b' })
  const at = (name: string) => join(directory, name)
  const args = ['makemetafile', at('a'), at('b'), TRACKER, '-o', at('one.torrent')]
  const { status, stderr } = await runBtkit(args)
  assert.equal(status, 2)
  assert.match(
    stderr,
    /several torrents need one; a list of files makes a single torrent: --files-from\n$/,
  )
})

test('torrents among several files are named', async (t) => {
  const directory = makeScratch(t, { c: 'c', 'a.torrent': 'x', 'b.torrent': 'x' })
  const at = (name: string) => join(directory, name)
  const args = ['makemetafile', TRACKER, '--dry-run', at('a.torrent')]
  assert.equal((await runBtkit(args)).stderr, '')
  const { stderr } = await runBtkit([...args, at('c'), at('b.torrent')])
  assert.equal(
    stderr,
    `btkit: makes torrents of torrents: ${at('a.torrent')}, ${at('b.torrent')}\n`,
  )
})

test('a size of pieces in the place of an exponent is answered with the exponent', async (t) => {
  const path = join(makeScratch(t, { a: 'a' }), 'a')
  for (const size of ['4M', '4MiB', '4m', '4096K', '4194304', '4096']) {
    const { status, stderr } = await runBtkit(['makemetafile', path, TRACKER, '-l', size])
    assert.equal(status, 2)
    assert.match(stderr, /; for pieces of 4 MiB give 22\n$/, size)
  }
})
