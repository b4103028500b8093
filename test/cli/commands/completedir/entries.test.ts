import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { unlessWindows } from '../../../disk/failure.js'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror, type Report } from '../../../support/mirror.js'
import { Captured, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { TRACKER } from '../../../support/torrents.js'

const FILES = {
  'a.iso': 'a',
  'b.tmp': 'b',
  'dir/a.iso': 'aa',
  'dir/b.tmp': 'b',
  'docs/x.txt': 'x',
}

/** Patterns, the entries that get torrents by them, and the files of `dir` in its torrent. */
const FILTERS: readonly (readonly [args: string[], entries: string[], files: string[]])[] = [
  [['--exclude', '*.tmp'], ['a.iso', 'dir', 'docs'], ['a.iso']],
  [
    ['--exclude', 'docs'],
    ['a.iso', 'b.tmp', 'dir'],
    ['a.iso', 'b.tmp'],
  ],
  [
    ['--exclude', 'docs/'],
    ['a.iso', 'b.tmp', 'dir'],
    ['a.iso', 'b.tmp'],
  ],
  [
    ['--exclude', 'a.iso/'],
    ['a.iso', 'b.tmp', 'dir', 'docs'],
    ['a.iso', 'b.tmp'],
  ],
  [['--include', '*.iso'], ['a.iso', 'dir'], ['a.iso']],
  [['--include', 'dir'], ['dir'], ['a.iso', 'b.tmp']],
  [['--include', 'dir/', '--exclude', '*.tmp'], ['dir'], ['a.iso']],
]

test('recycle bins and snapshots of a NAS get no torrents', async (t) => {
  const bins = ['#recycle', '@Recycle', '#snapshot', '@Recently-Snapshot', '@eaDir', '$Recycle.Bin']
  const deleted = Object.fromEntries(bins.map((name) => [`${name}/admin/deleted.txt`, 'x']))
  for (const args of [[], ['--recursive']]) {
    const mirror = new Mirror(t, { 'a.iso': 'a', ...deleted })
    assert.deepEqual(entriesOf((await mirror.report(args)).created), ['a.iso'])
    assert.equal((await mirror.report([...args, '--hidden'])).created.length, bins.length)
  }
})

test('core and CVS are content, except with the name of BitTornado', async (t) => {
  const files = { 'up/core/lib': '1', 'up/web': '2', core: '3', 'CVS/Root': '4' }
  const mirror = new Mirror(t, files)
  const legacy = { program: 'btcompletedir', subcommand: 'completedir' }
  const args = mirror.args(['--dry-run', '--json']).slice(1)
  const { stdout } = await runBtkit(args, legacy)
  assert.deepEqual(entriesOf((JSON.parse(stdout) as Report).created), ['up'])
  assert.deepEqual(entriesOf((await mirror.report()).created), ['CVS', 'core', 'up'])
  const { info } = decodeTorrent(readFileSync(mirror.torrent('up')))
  assert.equal((info['files'] as unknown[]).length, 2)
})

test('a directory of hidden files only is said to be hidden, and included with --hidden', async (t) => {
  const mirror = new Mirror(t, { 'os/.a': '1', 'os/.b': '2' })
  const { stdout } = await mirror.run()
  assert.match(stdout, /^skipped \S+\/os: hidden; --hidden includes it\n/)
  assert.deepEqual(entriesOf((await mirror.report(['--hidden'])).created), ['os'])
})

test('torrents that clients refuse are named as makemetafile names them', async (t) => {
  const mirror = new Mirror(t, { a: 'a', 'd/b': 'b' })
  const { stderr } = await mirror.run(['-l', '30'])
  const made = await runBtkit(['makemetafile', mirror.at('a'), TRACKER, '-l', '30', '--force'])
  const warnings = (text: string) => text.split('\n').filter((line) => line.includes('refuse'))
  const [one = ''] = warnings(made.stderr)
  assert.match(one, /a: clients on libtorrent refuse pieces of 1073741824 bytes/)
  assert.deepEqual(warnings(stderr), [one, one.replace(mirror.at('a'), mirror.at('d'))])
  assert.equal((await mirror.run(['-l', '30'])).stderr.includes('refuse'), false)
})

test('links that lead outside name the option that includes them', async (t) => {
  const mirror = new Mirror(t, { 'os/a': '1' })
  for (const link of ['os/out', 'out', 'set/only']) {
    mkdirSync(dirname(mirror.at(link)), { recursive: true })
    symlinkSync('/etc/hostname', mirror.at(link))
  }
  const { stdout, stderr } = await mirror.run()
  assert.match(
    stderr,
    /os: skipped 1 link that leads outside \(out; --symlinks follow includes it\)/,
  )
  assert.match(stdout, /skipped .*out: link leads outside; --symlinks follow includes it\n/)
  assert.deepEqual(entriesOf((await mirror.report(['--symlinks', 'follow'])).created), [
    'out',
    'set',
  ])
})

test('a new torrent is reported with the entries that it lacks', async (t) => {
  const files = { 'os/.disk/info': '1', 'os/.treeinfo': '2', 'os/vmlinuz': '3', '.git/x': '4' }
  const mirror = new Mirror(t, files)
  symlinkSync('nowhere', mirror.at('os/link'))
  const { stdout, stderr } = await mirror.run()
  const lacking = '2 hidden (.disk, …; --hidden includes them), 1 broken link'
  assert.equal(stderr, `btkit: ${mirror.at('os')}: skipped ${lacking}\n`)
  assert.match(stdout, /skipped .*\.git: hidden; --hidden includes it\n.*skipped 1, failed 0/s)
  assert.equal((await mirror.run()).stderr, '')
  writeFileSync(mirror.at('os/vmlinuz'), 'other')
  const { updated, skipped } = await mirror.report()
  assert.deepEqual(
    [entriesOf(updated), skipped],
    [
      ['os'],
      [
        { ...mirror.paths('.git'), reason: 'hidden' },
        { ...mirror.paths('os'), path: '.disk', reason: 'hidden' },
        { ...mirror.paths('os'), path: '.treeinfo', reason: 'hidden' },
        { ...mirror.paths('os'), path: 'link', reason: 'broken link' },
      ],
    ],
  )
})

for (const [args, entries, files] of FILTERS) {
  test(`${args.join(' ')} makes the torrents of ${entries.join(', ')}`, async (t) => {
    const mirror = new Mirror(t, FILES)
    assert.deepEqual(entriesOf((await mirror.report(args)).created), entries)
    const { info } = decodeTorrent(readFileSync(mirror.torrent('dir')))
    const paths = (info['files'] as { path: string[] }[]).map(({ path }) => path.join('/'))
    assert.deepEqual(paths, files)
    const { unchanged, bytesHashed } = await mirror.report(args)
    assert.deepEqual([unchanged, bytesHashed], [entries.length, 0])
  })
}

test('files and directories that patterns exclude are reported as skipped', async (t) => {
  const mirror = new Mirror(t, FILES)
  const { skipped } = await mirror.report(['--include', '*.iso', '--exclude', 'dir/'])
  assert.deepEqual(
    skipped.map(({ source, reason }) => [source.split('/').at(-1), reason]),
    [
      ['b.tmp', 'not included'],
      ['dir', 'excluded'],
      ['docs', 'not included'],
    ],
  )
  const { stdout } = await mirror.run(['--exclude', '*.iso'])
  assert.ok(stdout.includes(`skipped ${mirror.at('a.iso')}: excluded\n`), stdout)
  assert.match(stdout, /, skipped 1, /)
})

const NOW = 1_600_000_000

/** A run of which all that counts is the modification time of files. */
function runAt(mirror: Mirror, seconds: number, args: readonly string[]) {
  const trust = ['--cache-trust', 'mtime', '--min-age', '600']
  return mirror.report([...trust, ...args], { now: () => (NOW + seconds) * 1000 })
}

function touch(path: string, seconds: number): void {
  utimesSync(path, NOW + seconds, NOW + seconds)
}

test('--min-age skips entries that changed recently, until they are older', async (t) => {
  const mirror = new Mirror(t, { old: 'o', new: 'n', 'dir/old': 'o', 'dir/new': 'n' })
  for (const path of ['old', 'dir/old']) touch(mirror.at(path), -5000)
  for (const path of ['new', 'dir/new']) touch(mirror.at(path), -100)
  const first = await runAt(mirror, 0, [])
  assert.deepEqual(entriesOf(first.created), ['old'])
  assert.deepEqual(
    first.skipped.map(({ reason }) => reason),
    ['too new', 'too new'],
  )
  assert.deepEqual(entriesOf((await runAt(mirror, 600, [])).created), ['dir', 'new'])
})

test('--min-age keeps the torrent of an entry that is being replaced, even with --prune', async (t) => {
  const mirror = new Mirror(t, { a: 'whole', b: 'b' })
  for (const path of ['a', 'b']) touch(mirror.at(path), -5000)
  await runAt(mirror, 0, [])
  const before = readFileSync(mirror.torrent('a'))
  for (const content of ['', 'ha']) {
    writeFileSync(mirror.at('a'), content)
    touch(mirror.at('a'), 1000)
    const { updated, removed, skipped } = await runAt(mirror, 1010, ['--prune'])
    assert.deepEqual([updated, removed, skipped[0]?.reason], [[], [], 'too new'])
    assert.deepEqual(readFileSync(mirror.torrent('a')), before)
  }
})

test('--min-age sees a change that keeps the modification time', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  touch(mirror.at('a'), 0)
  const { skipped } = await mirror.report(['--min-age', '600'])
  assert.equal(skipped[0]?.reason, 'too new')
})

test('--min-age ignores a date in the far future', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  touch(mirror.at('a'), 1_000_000)
  assert.deepEqual(entriesOf((await runAt(mirror, 0, [])).created), ['a'])
})

test('permissions stay as somebody set them', unlessWindows, async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  chmodSync(mirror.torrent('a'), 0o640)
  assert.equal((await mirror.report()).unchanged, 1)
  assert.equal(statSync(mirror.torrent('a')).mode & 0o777, 0o640)
})

test('each torrent has its line as soon as it is written', async (t) => {
  const mirror = new Mirror(t, { a: 'a', b: 'b'.repeat(4 * 2 ** 20) })
  const stop = new AbortController()
  const stdout = new Captured()
  const write = stdout.write.bind(stdout)
  stdout.write = (chunk) => {
    write(chunk)
    stop.abort()
  }
  const args = ['completedir', TRACKER, mirror.source, '--no-cache', '--max-rate', '1M']
  assertStatus(await runBtkit(args, { stdout, signal: stop.signal }), 1)
  assert.ok(stdout.text.startsWith(`created ${mirror.at('a')}.torrent\ncreated 1, updated 0`))
})

test('a dry run says what only the content could tell, and counts no bytes as read', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b', c: 'c' })
  utimesSync(mirror.at('a'), 1e9, 1e9)
  writeFileSync(mirror.at('d'), 'd')
  const { stdout } = await mirror.run(['--dry-run'])
  assert.deepEqual(stdout.replace(/[\d.]+ s$/m, 'X s').split('\n'), [
    `would update ${mirror.torrent('a')} (or find it unchanged: its content must be read)`,
    `would create ${mirror.torrent('d')}: pieces of 32 KiB, which suit 1 B`,
    'dry run: created 1, updated 1, unchanged 2, removed 0, failed 0; read 0 B, reused 2 B, X s',
    '',
  ])
  const commented = await mirror.run(['--dry-run', '--comment', 'x'])
  assert.match(
    commented.stdout,
    new RegExp(`^would update ${mirror.torrent('b')} \\(--comment\\)$`, 'm'),
  )
})

test("a dry run that can't tell whose a torrent is says so", async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  for (const directory of [mirror.cache, mirror.state]) rmSync(directory, { recursive: true })
  assert.equal((await mirror.report(['--dry-run'])).skipped[0]?.reason, 'content not read')
  assert.equal((await mirror.report()).unchanged, 1)
})

const MANY = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`e${1000 + i}`, 'x']))

test('200 entries that fail alike give one line with a count, twenty names and the way to all', async (t) => {
  const mirror = new Mirror(t, MANY)
  for (const name of Object.keys(MANY)) mkdirSync(mirror.torrent(name))
  const { status, stderr } = await mirror.run(['--quiet'])
  const first = Array.from({ length: 20 }, (_, i) => mirror.torrent(`e${1000 + i}`)).join(', ')
  const entries = `200 entries (${first}, … 180 more; --json names all)`
  assert.equal(stderr, `btkit: ${entries}: is a directory\n`)
  assert.deepEqual([status, (await mirror.report()).failed.length], [1, 200])
})

test('200 entries that are skipped alike give one line, and others theirs', async (t) => {
  const mirror = new Mirror(t, Object.fromEntries(Object.keys(MANY).map((name) => [name, ''])))
  symlinkSync('nowhere', mirror.at('broken'))
  const { stdout } = await mirror.run()
  const lines = stdout.split('\n').filter((line) => line.startsWith('skipped'))
  const first = [1000, 1001, 1002].map((i) => mirror.at(`e${i}`)).join(', ')
  assert.deepEqual(lines, [
    `skipped ${mirror.at('broken')}: broken link`,
    `skipped 200 entries (${first}, … 197 more; --json names all): empty`,
  ])
})

test('paths are reported as they were given, and also absolute', async (t) => {
  const mirror = new Mirror(t, { a: 'a', gone: 'x', empty: '' })
  const link = join(mirror.root, 'link')
  symlinkSync(mirror.root, link)
  const args = mirror.args(['--json', '--prune'])
  const given = { source: join(link, 'src'), target: join(link, 'out') }
  args[2] = given.source
  args[args.indexOf('--target') + 1] = given.target
  const run = async () => {
    const { stdout } = await runBtkit(args, { now: aheadOfFiles })
    return JSON.parse(stdout) as Record<'created' | 'removed' | 'skipped', object[]>
  }
  const paths = (name: string) => {
    const { sourcePath, torrentPath } = mirror.paths(name)
    const torrent = join(given.target, `${name}.torrent`)
    return { source: join(given.source, name), sourcePath, torrent, torrentPath }
  }
  const first = await run()
  rmSync(mirror.at('gone'))
  const second = await run()
  for (const [name, found] of [
    ['a', first.created[0]],
    ['empty', first.skipped[0]],
    ['gone', second.removed[0]],
  ] as const) {
    assert.deepEqual({ ...found, ...paths(name) }, found)
  }
})

test('a terminal sees a bar while something is hashed, but not with --quiet', async (t) => {
  class Terminal extends Captured {
    readonly isTTY = true
    readonly columns = 100
  }
  const mirror = new Mirror(t, { a: 'a', 'dir/b': 'b' })
  for (const [args, isSeen] of [
    [['--quiet'], false],
    [['--comment', 'x', '--piece-size-pow2', '20'], true],
  ] as const) {
    const stderr = new Terminal()
    assert.equal((await mirror.run(args, { stderr })).status, 0)
    assert.equal(stderr.text.includes('░'), isSeen)
  }
})

const UNFINISHED = {
  ...{
    'a.iso.part': '1',
    'b.mkv.!qB': '2',
    'c.zip.crdownload': '3',
    'd.iso': '4',
    'd.iso.aria2': '5',
  },
  ...{ 'e.partial': '6', '.f.iso.AbC123': '7', 'set/one.!qB': '8', 'set/two': '9', 'dir/x': '10' },
  'dir.aria2': '11',
}

const unfinished = (name: string) => [name, 'unfinished']

test('unfinished downloads get no torrent, are named in one line, and --hidden includes them', async (t) => {
  const mirror = new Mirror(t, { ...UNFINISHED, 'done.iso': '12' })
  const { stdout, status } = await mirror.run()
  assert.deepEqual([status, mirror.list()], [0, ['done.iso.torrent']])
  assert.match(stdout, /^skipped .*: unfinished; --hidden includes it$/m)
  assert.equal(stdout.match(/unfinished/g)?.length, 1)
  const { skipped } = await mirror.report()
  const reasons = skipped.map(({ source, reason }) => [basename(source), reason])
  assert.deepEqual(reasons, [
    ['.f.iso.AbC123', 'hidden'],
    ...['a.iso.part', 'b.mkv.!qB', 'c.zip.crdownload', 'd.iso', 'd.iso.aria2', 'dir'].map(
      unfinished,
    ),
    ...['dir.aria2', 'e.partial', 'set'].map(unfinished),
  ])
  rmSync(mirror.at('d.iso.aria2'))
  renameSync(mirror.at('set/one.!qB'), mirror.at('set/one'))
  assert.deepEqual(entriesOf((await mirror.report()).created), ['d.iso', 'set'])
  assert.deepEqual(entriesOf((await mirror.report(['--hidden'])).created).length, 7)
})

test('unfinished downloads of a tree get no torrent, and are named', async (t) => {
  const mirror = new Mirror(t, { 'x/done.iso': '12' })
  for (const [name, bytes] of Object.entries(UNFINISHED)) {
    mkdirSync(dirname(mirror.at('x', name)), { recursive: true })
    writeFileSync(mirror.at('x', name), bytes)
  }
  const made = () => readdirSync(mirror.target, { recursive: true }).map(String).sort()
  const { skipped } = await mirror.report(['--recursive'])
  const torrents = ['x', 'x/done.iso.torrent', 'x/set', 'x/set/two.torrent']
  assert.deepEqual(made(), torrents)
  const reasons = skipped.map(({ source, reason }) => [relative(mirror.at('x'), source), reason])
  assert.deepEqual(reasons, [
    ['.f.iso.AbC123', 'hidden'],
    ...['a.iso.part', 'b.mkv.!qB', 'c.zip.crdownload', 'd.iso', 'd.iso.aria2', 'dir'].map(
      unfinished,
    ),
    ...['dir.aria2', 'e.partial', 'set/one.!qB'].map(unfinished),
  ])
  assert.equal((await mirror.report(['--recursive'])).bytesHashed, 0)
  rmSync(mirror.at('x/d.iso.aria2'))
  assert.deepEqual(entriesOf((await mirror.report(['--recursive'])).created), ['d.iso'])
  await mirror.report(['--recursive', '--hidden'])
  assert.ok(made().includes('x/a.iso.part.torrent'))
})
