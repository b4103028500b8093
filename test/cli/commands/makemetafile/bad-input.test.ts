import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { execFileSync } from 'node:child_process'
import { assertError, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch, plantFiles } from '../../../support/scratch.js'
import { makeWorkplace } from './make.js'
import { TRACKER } from '../../../support/torrents.js'

const onlyLinux = { skip: process.platform !== 'linux' && 'file systems here take UTF-8 only' }

/** Bad input for each option, and a part of what is said of it. */
const BAD: readonly (readonly [args: string[], said: string])[] = [
  [['--announce-list', 'http://a/|'], "tracker ''"],
  [['--announce_list=ftp://a/'], "tracker 'ftp://a/'"],
  [['--httpseeds', 'udp://a'], "HTTP seed 'udp://a'"],
  [['--web-seed', 'a.example'], "web seed 'a.example'"],
  [['--node', 'host'], "node 'host'"],
  [['--node', 'host:99999'], "node 'host:99999'"],
  [['--piece-size-pow2', '13'], 'from 14 to 30'],
  [['--piece_size_pow2', '262144'], 'from 14 to 30'],
  [['--piece-size-pow2', '-1'], 'from 14 to 30'],
  [['--name', 'a/b'], "name 'a/b'"],
  [['--name', '..'], "name '..'"],
  [['--piece-length', '100K'], "--piece-length '100K': not a power of two from 16KiB to 1GiB"],
  [['--piece-length', '1M', '-l', '20'], 'cannot be used together'],
  [['--date', 'yesterday'], "--date 'yesterday': not a date"],
  [['--trackerless'], `--trackerless and ${TRACKER} cannot be used together`],
  [['-a', 'http://b/'], 'give the tracker either as an argument or with --announce'],
  [['-a', 'x'], "tracker 'x'"],
  [
    ['--randomize', '--set', 'info.entropy=1'],
    'info.entropy: --randomize sets this key, too; use one of them',
  ],
  [['-w', 'http://a/,udp://b'], "web seed 'udp://b'"],
  [['--date', '-5'], "'-5'"],
  [['--threads', '0'], 'from 1 to 256'],
  [['--exclude', '/'], "pattern '/'"],
  [['--symlinks', 'some'], 'inside, follow, skip, store'],
  [['--target', '-', '--json'], '--json'],
  [['--target'], '--output'],
  [['--private=yes'], '--private'],
  [['http://second.example/'], 'give each with -a'],
  [['htp://typo.example/'], "tracker 'htp://typo.example/'"],
]

for (const [args, said] of BAD) {
  test(`makemetafile ${args.join(' ')} is refused in one line, and writes nothing`, async (t) => {
    const { make, directory } = makeWorkplace(t)
    assertError(await make(args), 'usage', said)
    assert.deepEqual(readdirSync(directory), ['a.iso'])
  })
}

for (const epoch of ['x', '-1', '1.5', ' 1', '1e9']) {
  test(`SOURCE_DATE_EPOCH='${epoch}' is refused`, async (t) => {
    const { make, directory } = makeWorkplace(t)
    const refused = await make([], { env: { SOURCE_DATE_EPOCH: epoch } })
    assertError(refused, 'usage', `SOURCE_DATE_EPOCH '${epoch}': not a number of seconds`)
    assert.deepEqual(readdirSync(directory), ['a.iso'])
  })
}

test('BTKIT_HASH with an unknown kernel is refused', async (t) => {
  const { make, directory } = makeWorkplace(t)
  assertError(await make([], { env: { BTKIT_HASH: 'md5' } }), 'usage', "hash kernel 'md5'")
  assert.deepEqual(readdirSync(directory), ['a.iso'])
})

test('without a tracker the torrent has none, and a note says so', async (t) => {
  const { source, directory } = makeWorkplace(t)
  const { status, stderr } = await runBtkit(['makemetafile', source])
  assert.match(stderr, /^btkit: no tracker: clients find each other through the DHT/)
  assert.deepEqual([status, readdirSync(directory)], [0, ['a.iso', 'a.iso.torrent']])
  const legacy = { program: 'btmakemetafile', subcommand: 'makemetafile' }
  const old = await runBtkit([source], legacy)
  assert.deepEqual([old.status, /^\S+ no tracker; give its URL/.test(old.stderr)], [2, true])
})

test('a private torrent without a tracker is refused with the ways to do without', async (t) => {
  const { source, directory } = makeWorkplace(t)
  const { status, stderr } = await runBtkit(['makemetafile', source, '--private'])
  const ways = '--web-seed or --http-seed, or use --trackerless'
  const why = `no tracker, which --private needs; give its URL, ${ways}`
  assert.equal(stderr, `btkit: ${why}\n`)
  const config = join(directory, 'c.yaml')
  writeFileSync(config, 'defaults:\n  private: true\n')
  const configured = await runBtkit(['makemetafile', source, '--config', config])
  const place = `--private is from ${config}:2:12`
  assert.equal(configured.stderr, `btkit: ${why} (${place})\n`)
  rmSync(config)
  assert.deepEqual([status, readdirSync(directory)], [2, ['a.iso']])
})

test('a private torrent with DHT nodes is refused, also with a tracker', async (t) => {
  const { source, directory } = makeWorkplace(t)
  const why = 'peers of a private torrent come from its tracker only (BEP 27)'
  for (const tracker of [[], ['-a', 'http://t/announce']]) {
    const args = [source, '--private', '--node', 'h.example:1', ...tracker]
    const said = `private and DHT nodes cannot be used together: ${why}`
    assertError(await runBtkit(['makemetafile', ...args]), 'usage', said)
    assert.deepEqual(readdirSync(directory), ['a.iso'])
  }
})

for (const args of [
  ['--trackerless', '-a', 'http://t/'],
  ['--trackerless', '--announce-list', 'http://t/'],
  ['-a', 'http://t/', '-a', 'http://u/', '--announce-list', 'http://t/'],
]) {
  test(`makemetafile ${args.join(' ')} says two things`, async (t) => {
    const { source } = makeWorkplace(t)
    assertError(await runBtkit(['makemetafile', source, ...args]), 'usage', '--a')
  })
}

test('an empty name is reported as empty', async () => {
  const said = 'the name of a file is empty'
  assertError(await runBtkit(['makemetafile', '', TRACKER]), 'usage', said)
})

test('a file is needed', async () => {
  const said = 'no file or directory given; name at least one'
  assertError(await runBtkit(['makemetafile', TRACKER]), 'usage', said)
})

for (const [what, args, message] of [
  [
    '--name with several files',
    ['--name', 'x'],
    '--name works with a single file or directory only',
  ],
  ['--target with several files', ['--target', 'X'], '--target X: not a directory'],
  ['--target - with several files', ['--target', '-'], '--target -: not a directory'],
] as const) {
  test(`${what} is refused, and writes nothing`, async (t) => {
    const { make, directory, at } = makeWorkplace(t)
    plantFiles(directory, { b: '1' })
    assertError(await make([at('b'), ...args]), 'usage', message)
    assert.deepEqual(readdirSync(directory), ['a.iso', 'b'])
  })
}

test('a file given twice is refused before anything is written', async (t) => {
  const { make, source, directory } = makeWorkplace(t)
  assertError(await make([source]), 'usage', `${source}: is given twice`)
  assert.deepEqual(readdirSync(directory), ['a.iso'])
})

test('a source tag given twice is refused before anything is written', async (t) => {
  const { make, directory } = makeWorkplace(t)
  assertError(await make(['-s', 'A', '-s', 'B', '-s', 'A']), 'usage', '--source A')
  assert.deepEqual(readdirSync(directory), ['a.iso'])
})

test('source tags that make one file name are refused', async (t) => {
  const { make, at } = makeWorkplace(t)
  const refused = await make(['--source', 'A/B', '--source', 'A_B'])
  const things = ['--source A/B and --source A_B', at('a.iso.A_B.torrent')]
  assertError(refused, 'usage', ...things)
})

test('files of one name from two directories into one target are refused', async (t) => {
  const { make, at, directory } = makeWorkplace(t)
  plantFiles(directory, { 'd/a.iso': '1', 'out/x': '' })
  const [other, target] = [at('d', 'a.iso'), at('out')]
  const refused = await make([other, '--target', target])
  const said = `${other} would both be written to ${join(target, 'a.iso.torrent')}`
  assertError(refused, 'usage', said)
  assert.deepEqual(readdirSync(target), ['x'])
})

test('a source without a name is refused before it is read', async () => {
  const refused = await runBtkit(['makemetafile', '/', TRACKER, '--dry-run'])
  assertError(refused, 'usage', '/: has no name of its own; use --name')
})

test('an argument that is not UTF-8 is reported as such', onlyLinux, async (t) => {
  const { directory } = makeWorkplace(t)
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.of(0xff)]), 'x')
  // As Node hands it to a program
  const path = `${directory}/\ufffd`
  const said = `${path}: no such file or directory, or the name is not valid UTF-8`
  assertError(await runBtkit(['makemetafile', path, TRACKER]), 'not-found', said)
})

test('content whose list cannot be read is an object of JSON, and a pipe in a list is an error', async (t) => {
  const at = makeScratch(t, { 'in/a': 'a', list: 'a\npipe\n' })
  execFileSync('mkfifo', [join(at, 'in/pipe')])
  for (const list of [join(at, 'none'), 'http://127.0.0.1:1/none', join(at, 'list')]) {
    const content = list.startsWith('http') ? [] : [join(at, 'in')]
    const args = [...content, '--files-from', list, TRACKER, '-o', join(at, 'x.torrent'), '--json']
    const result = assertStatus(await runBtkit(['makemetafile', ...args]), 1)
    assert.match(String(parseJson(result)['error']), /none|in\/pipe: not a regular file/)
  }
})

test('a torrent for /dev/stdout goes to standard output, its report does not', async (t) => {
  const a = join(makeScratch(t, { a: 'a' }), 'a')
  for (const target of ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) {
    const { stdout, stderr } = await runBtkit(['makemetafile', a, TRACKER, '-o', target])
    assert.match(stdout, /^d8:announce.*e$/s)
    assert.match(stderr, /to standard output/)
  }
})

test('what is pasted with invisible characters, a URL to edit, and a text in JSON', async (t) => {
  const at = makeScratch(t, { a: 'a' })
  const torrent = join(at, 'X.TORRENT')
  const made = await runBtkit(['makemetafile', join(at, 'a'), `${TRACKER}\u200b`, '-o', torrent])
  assert.match(made.stderr, /invisible characters/)
  const shown = await runBtkit(['showmetainfo', '--field', 'announce', at])
  assert.equal(shown.stdout.trim(), TRACKER)
  for (const option of ['announce', 'web-seed', 'http-seed']) {
    writeFileSync(join(at, 'c.yaml'), `defaults:\n  ${option}: ['${TRACKER}\u200b']\n`)
    const configured = await runBtkit([
      'makemetafile',
      join(at, 'a'),
      '--config',
      join(at, 'c.yaml'),
    ])
    assertError(configured, 'usage', 'c.yaml:2', 'invisible characters at its end')
  }
  const url = 'http://h.example/x.torrent'
  for (const command of [
    ['edit', url, '-c', 'x'],
    ['hash', url],
    ['verify', url],
  ])
    assertError(await runBtkit(command), 'not-found', 'a URL, not a file; download')
  const set = await runBtkit(['makemetafile', join(at, 'a'), TRACKER, '--set', 'k=a"b'])
  assertError(set, 'usage', String.raw`its quotes: "a\"b"`)
})
