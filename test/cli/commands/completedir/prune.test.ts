import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import {
  aheadOfFiles,
  entriesOf,
  Mirror,
  type Change,
  type Report,
} from '../../../support/mirror.js'
import { assertQuiet, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { plantFiles } from '../../../support/scratch.js'
import { directoryInfo, torrentOf, TRACKER } from '../../../support/torrents.js'

test('--prune removes the torrent of a missing entry, and reports it', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  const oldInfoHash = independentInfoHash(readFileSync(mirror.torrent('a')))
  rmSync(mirror.at('a'))
  assert.deepEqual((await mirror.report()).removed, [])
  assert.deepEqual((await mirror.report(['--prune', '--dry-run'])).removed.length, 1)
  assert.deepEqual(mirror.list(), ['a.torrent', 'b.torrent'])
  const { removed } = await mirror.report(['--prune'])
  assert.deepEqual(removed, [
    { ...mirror.paths('a'), infoHash: null, oldInfoHash, infoHashV2: null, oldInfoHashV2: null },
  ])
  assert.deepEqual(mirror.list(), ['b.torrent'])
  await mirror.checkAgainstFresh()
})

test('--prune leaves what is not of btkit, and what was edited', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  const foreign = torrentOf(directoryInfo([{ length: 5, path: ['x'] }]), { 'created by': 'other' })
  writeFileSync(mirror.torrent('x'), foreign)
  writeFileSync(mirror.torrent('y'), 'no torrent')
  plantFiles(mirror.target, { 'README.txt': 'mine' })
  const edited = readFileSync(mirror.torrent('a'), 'latin1').replace('//t.e', '//u.e')
  writeFileSync(mirror.torrent('a'), edited, 'latin1')
  rmSync(mirror.at('a'))
  assert.deepEqual((await mirror.report(['--prune'])).removed, [])
  const all = ['README.txt', 'a.torrent', 'b.torrent', 'x.torrent', 'y.torrent']
  assert.deepEqual(mirror.list(), all)
})

test('the torrents of a file and a directory that lost all their bytes go with --prune', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b', 'd/x': 'x' })
  for (const path of ['a', 'd/x']) writeFileSync(mirror.at(path), '')
  const { stderr } = assertStatus(await mirror.run(['--quiet']), 1)
  assert.match(stderr, /^(?:btkit: [^\n]*[ad]\.torrent: stays [^\n]* \(empty\); [^\n]*\n){2}$/)
  const pruned = assertStatus(await mirror.run(['--prune', '--json']), 0)
  assert.equal(pruned.stderr, '')
  const { removed, skipped } = JSON.parse(pruned.stdout) as Report
  assert.deepEqual(
    [entriesOf(removed), entriesOf(skipped)],
    [
      ['a', 'd'],
      ['a', 'd'],
    ],
  )
  assert.deepEqual(mirror.list(), ['b.torrent'])
})

test('torrents of another run in the same target stay', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a' })
  const other = join(mirror.root, 'other')
  plantFiles(other, { b: 'b', c: 'c' })
  const args = [...mirror.args(['--prune', '--quiet'])]
  args[2] = other
  assert.equal((await runBtkit(args, { now: aheadOfFiles })).status, 0)
  assert.deepEqual(mirror.list(), ['a.torrent', 'b.torrent', 'c.torrent'])
  rmSync(join(other, 'b'))
  writeFileSync(mirror.at('z'), 'z')
  assert.deepEqual((await mirror.report(['--prune'])).removed, [])
  assert.deepEqual(entriesOf((await mirror.report(['--prune', other])).removed), ['b'])
  rmSync(other, { recursive: true })
  writeFileSync(other, 'a file now')
  assert.equal((await mirror.run(['--prune'])).status, 0)
  assert.deepEqual(mirror.list(), ['a.torrent', 'c.torrent', 'z.torrent'])
})

test('a source directory that got another name is pruned under that name', async (t) => {
  const mirror = new Mirror(t, { 'old/a': 'a', 'old/b': 'b' })
  const places = (name: string) => {
    const args = mirror.args(['--prune', '--json'])
    args[2] = mirror.at(name)
    return args
  }
  await runBtkit(places('old'), { now: aheadOfFiles })
  renameSync(mirror.at('old'), mirror.at('new'))
  await runBtkit(places('new'), { now: aheadOfFiles })
  rmSync(mirror.at('new', 'a'))
  const { removed } = parseJson(await runBtkit(places('new'), { now: aheadOfFiles }))
  assert.equal((removed as unknown[]).length, 1)
  assert.deepEqual(mirror.list(), ['b.torrent'])
})

for (const how of [[], ['--recursive']]) {
  test(`what the new place of a switched link lacks is pruned: ${how.join('')}`, async (t) => {
    const old = {
      'old/a': 'a',
      'old/b': 'b',
      'old/sub/c': 'c',
      'old/sub/d': 'd',
      'old/gone/e': 'e',
    }
    const mirror = new Mirror(t, { ...old, 'new/b': 'new', 'new/sub/d': 'new' })
    const place = mirror.at('current')
    const args = mirror.args(['--prune', '--json', ...how])
    args[2] = place
    const run = async () => {
      return parseJson(assertStatus(await runBtkit(args, { now: aheadOfFiles }), 0))
    }
    symlinkSync('old', place)
    await run()
    rmSync(mirror.at('old', 'gone'), { recursive: true })
    const gone = how.length > 0 ? ['e'] : ['gone']
    assert.deepEqual(entriesOf((await run())['removed'] as Change[]), gone)
    rmSync(place)
    symlinkSync('new', place)
    const { removed, updated, unchanged } = await run()
    assert.deepEqual(entriesOf(removed as Change[]), how.length > 0 ? ['a', 'c'] : ['a'])
    assert.deepEqual(entriesOf(updated as Change[]), how.length > 0 ? ['b', 'd'] : ['b', 'sub'])
    assert.equal(unchanged, 0)
    assert.equal((await run())['unchanged'], 2)
    // Under its own name, the directory has the same entries
    rmSync(mirror.at('new', 'b'))
    args[2] = mirror.at('new')
    assert.deepEqual(entriesOf((await run())['removed'] as Change[]), ['b'])
  })
}

for (const [what, remove] of [
  [
    'empty',
    (path: string) => {
      rmSync(join(path, 'a'))
    },
  ],
  [
    'missing',
    (path: string) => {
      rmSync(path, { recursive: true })
    },
  ],
  [
    'empty but for hidden entries',
    (path: string) => {
      renameSync(join(path, 'a'), join(path, '.a'))
      mkdirSync(join(path, '.Trash'))
    },
  ],
] as const) {
  test(`a directory that is ${what} is not pruned, the others are, and the status is 1`, async (t) => {
    const mirror = new Mirror(t, { b: 'b', c: 'c' })
    const disk = join(mirror.root, 'disk')
    plantFiles(disk, { a: 'a' })
    await mirror.report([disk])
    remove(disk)
    rmSync(mirror.at('c'))
    const { stderr } = await mirror.run([disk])
    assert.match(stderr, /1 torrent without a source \(--prune removes it\)/)
    const { failed, removed } = await mirror.report(['--prune', disk])
    assert.deepEqual([entriesOf(removed), failed.length], [['c'], 1])
    assert.deepEqual(mirror.list(), ['a.torrent', 'b.torrent'])
    assert.equal((await mirror.run(['--prune', disk])).status, 1)
    const all = await mirror.report(['--prune-all', disk])
    assert.deepEqual([entriesOf(all.removed), all.failed], [['a'], []])
    assert.deepEqual(mirror.list(), ['b.torrent'])
  })
}

test('a directory that is empty from the start is no error with --prune', async (t) => {
  const mirror = new Mirror(t, {})
  assert.equal((await mirror.run(['--prune'])).status, 0)
  writeFileSync(mirror.at('a'), 'a')
  assert.equal((await mirror.run(['--prune'])).status, 0)
  assert.deepEqual(mirror.list(), ['a.torrent'])
})

test('the cache has no say in what is pruned', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  rmSync(mirror.cache, { recursive: true })
  rmSync(mirror.at('a'))
  assert.deepEqual(entriesOf((await mirror.report(['--prune'])).removed), ['a'])
  assert.deepEqual(mirror.list(), ['b.torrent'])
})

test('a run that changes something removes records that nobody used for 30 days, once a week', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a'.repeat(20_000) })
  const stats = ['cache', 'stats', '--json', '--cache-dir', mirror.cache]
  const filesAfter = async (days: number) => {
    const now = () => Date.now() + days * 86_400_000
    writeFileSync(mirror.at(`${days}`), `${days}`.repeat(10_000))
    assertStatus(await runBtkit(mirror.args(['--quiet']), { now }), 0)
    return (parseJson(await runBtkit(stats)) as { counts: { file: number } }).counts.file
  }
  assert.deepEqual([await filesAfter(36), await filesAfter(40)], [2, 3])
  assert.deepEqual([await filesAfter(44), await filesAfter(60)], [3, 4])
})

test('the torrent of a newly excluded entry stays while the entry exists', async (t) => {
  const mirror = await Mirror.made(t, { 'Thumbs.db': 'x', b: 'b' }, ['--all'])
  assert.deepEqual((await mirror.report(['--prune'])).removed, [])
  assert.deepEqual((await mirror.report(['--prune', '--exclude', 'b'])).removed, [])
  assert.deepEqual(mirror.list(), ['Thumbs.db.torrent', 'b.torrent'])
})

test('a torrent that completedir did not write is never pruned, whoever its creator is', async (t) => {
  const mirror = new Mirror(t, { a: 'a', b: 'b' })
  const made = ['makemetafile', mirror.at('a'), TRACKER, '--target', mirror.torrent('a')]
  assert.equal((await runBtkit([...made, '--private', '--quiet'])).status, 0)
  await mirror.report()
  rmSync(mirror.at('a'))
  assert.deepEqual((await mirror.report(['--prune-all'])).removed, [])
  assert.deepEqual(mirror.list(), ['a.torrent', 'b.torrent'])
})

test('torrents without a source that a lost state does not record are named once per run with --prune', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b', c: 'c', d: 'd', e: 'e' })
  rmSync(mirror.state, { recursive: true })
  for (const name of ['a', 'b', 'c', 'd']) rmSync(mirror.at(name))
  writeFileSync(mirror.at('x'), 'x')
  await mirror.report(['--exclude', 'x'])
  writeFileSync(mirror.torrent('x'), 'excluded, but there')
  const names = ['a', 'b', 'c', 'd'].map((name) => mirror.torrent(name)).join(', ')
  const why = 'no source here, and no record in the state; delete if not needed'
  const said = `btkit: warning: 4 entries (${names}): ${why}\n`
  const prune = ['--prune', '--exclude', 'x']
  for (const stderr of [said, '']) {
    const run = await mirror.run([...prune, '--quiet'])
    assert.deepEqual([run.status, run.stdout, run.stderr], [0, '', stderr])
  }
  const { status, stderr } = await mirror.run(prune)
  assert.deepEqual([status, stderr.includes(said)], [0, true], stderr)
  for (const name of ['b', 'c', 'd']) rmSync(mirror.torrent(name))
  const fewer = await mirror.run([...prune, '--quiet'])
  assert.equal(fewer.stderr, `btkit: warning: ${mirror.torrent('a')}: ${why}\n`)
  assert.deepEqual(mirror.list(), ['a.torrent', 'e.torrent', 'x.torrent'])
})

test('torrents beside the entries need no source', async (t) => {
  const mirror = new Mirror(t, { a: 'a', 'other.torrent': 'a torrent of something else' })
  const args = mirror.args(['--prune', '--quiet'])
  assertQuiet(await runBtkit(args.toSpliced(3, 2), { now: aheadOfFiles }))
})

test('a run without --prune says how many torrents lost their source', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b', c: 'c' })
  rmSync(mirror.at('a'))
  const one = await mirror.run()
  assert.match(one.stderr, /^btkit: [^\n]*1 torrent without a source \(--prune removes it\)\n$/)
  rmSync(mirror.at('b'))
  const { stderr } = assertStatus(await mirror.run(), 0)
  assert.match(stderr, /^btkit: [^\n]*2 torrents without a source \(--prune removes them\)\n$/)
  assertQuiet(await mirror.run(['--quiet']))
  await mirror.run(['--prune'])
  assert.equal((await mirror.run()).stderr, '')
})

test('--prune --force removes even an edited torrent of a missing entry', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  await runBtkit(['edit', '--comment', 'mine', mirror.torrent('a')])
  rmSync(mirror.at('a'))
  const { stderr } = assertStatus(await mirror.run(['--prune', '--quiet']), 1)
  assert.equal(
    stderr,
    `btkit: ${mirror.torrent('a')}: changed since completedir wrote it, and its source is gone; --force removes it\n`,
  )
  const { stdout } = await mirror.run(['--prune'])
  assert.ok(stdout.includes(`skipped ${mirror.torrent('a')}: source gone\n`), stdout)
  assert.deepEqual(entriesOf((await mirror.report(['--prune', '--force'])).removed), ['a'])
})

test('an edited torrent whose entry lost all its bytes is said to have an empty source', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  await runBtkit(['edit', '--comment', 'mine', mirror.torrent('a')])
  writeFileSync(mirror.at('a'), '')
  const { stderr } = assertStatus(await mirror.run(['--prune', '--quiet']), 1)
  assert.match(stderr, /^btkit: [^\n]*a\.torrent: [^\n]*its source is empty; [^\n]*\n$/)
})

test('--prune removes a torrent of 0 bytes whose entry is missing', async (t) => {
  const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
  writeFileSync(mirror.torrent('a'), '')
  rmSync(mirror.at('a'))
  assert.deepEqual(entriesOf((await mirror.report(['--prune'])).removed), ['a'])
})

test('the torrent of a directory that is empty, as an unmounted disk, needs --prune-all, and is reported', async (t) => {
  const mirror = await Mirror.made(t, { 'disk/image': 'x', b: 'b' })
  rmSync(mirror.at('disk', 'image'))
  const said = `btkit: ${mirror.torrent('disk')}: ${STAYS} (empty); delete it if it is not needed\n`
  for (const args of [[], ['--prune'], ['--prune']]) {
    const { status, stdout, stderr } = await mirror.run(['--quiet', ...args])
    assert.deepEqual([status, stdout, stderr], [1, '', said])
  }
  const { stdout } = await mirror.run(['--prune'])
  assert.match(stdout, /, skipped 1 \(1 may be outdated\), failed 0; /)
  assert.deepEqual((await mirror.report(['--prune'])).skipped, [
    { ...mirror.paths('disk'), reason: 'empty', leavesTorrent: true },
  ])
  assert.deepEqual(mirror.list(), ['b.torrent', 'disk.torrent'])
  assert.deepEqual(entriesOf((await mirror.report(['--prune-all'])).removed), ['disk'])
  assertQuiet(await mirror.run(['--quiet', '--prune']))
})

test('the torrent of a link whose target in the same directory is gone goes with --prune', async (t) => {
  const mirror = new Mirror(t, { 'a-1': 'a', b: 'b' })
  symlinkSync('a-1', mirror.at('latest'))
  symlinkSync('latest', mirror.at('stable'))
  await mirror.report()
  renameSync(mirror.at('a-1'), mirror.at('a-2'))
  const { removed } = await mirror.report(['--prune'])
  assert.deepEqual(entriesOf(removed), ['a-1', 'latest', 'stable'])
  const { status, stderr } = await mirror.run(['--prune', '--quiet'])
  assert.deepEqual([status, stderr, mirror.list()], [0, '', ['a-2.torrent', 'b.torrent']])
})

const STAYS = 'stays and may be outdated, because its source is skipped now'

/** Replacements of an entry, by the reason for skipping them. */
const REPLACEMENTS: Record<string, (path: string, outside: string) => void> = {
  'link leads outside': (path, outside) => {
    writeFileSync(outside, 'moved')
    symlinkSync(outside, path)
  },
  'broken link': (path) => {
    symlinkSync('../disk/nowhere', path)
  },
  'link loop': (path) => {
    symlinkSync(path, path)
  },
  'not a regular file': (path) => {
    symlinkSync('/dev/null', path)
  },
}

for (const [reason, replace] of Object.entries(REPLACEMENTS)) {
  test(`the torrent of an entry that is skipped now (${reason}) stays and is reported in each run`, async (t) => {
    const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
    rmSync(mirror.at('a'))
    replace(mirror.at('a'), join(mirror.root, 'outside'))
    const options = reason === 'not a regular file' ? ['--symlinks', 'follow'] : []
    const option = reason === 'link leads outside' ? '; --symlinks follow includes it' : ''
    const said = `btkit: ${mirror.torrent('a')}: ${STAYS} (${reason}${option}); delete it if it is not needed\n`
    for (const args of [[], ['--prune'], ['--prune-all'], ['--prune-all']]) {
      const { status, stdout, stderr } = await mirror.run(['--quiet', ...options, ...args])
      assert.deepEqual([status, stdout, stderr], [1, '', said])
    }
    const { stdout } = await mirror.run(options)
    assert.match(stdout, /, skipped 1 \(1 may be outdated\), failed 0; /)
    assert.deepEqual((await mirror.report(options)).skipped, [
      { ...mirror.paths('a'), reason, leavesTorrent: true },
    ])
    rmSync(mirror.torrent('a'))
    assertQuiet(await mirror.run(['--quiet', ...options]))
  })
}

test('an entry that never was content is skipped silently', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  symlinkSync('/dev/null', mirror.at('b'))
  await mirror.report()
  assertQuiet(await mirror.run(['--quiet']))
})
