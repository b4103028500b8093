import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { aheadOfFiles, Mirror } from '../../../support/mirror.js'
import { assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { plantFiles, type Files } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const FILES = {
  'a.iso': 'a',
  'x/a.iso': 'other',
  'x/y/b.iso': 'b',
  'x/y/c.tmp': 'c',
  'z/empty': '',
  '.hidden/d': 'd',
}

function pathsIn({ target }: Mirror): string[] {
  return readdirSync(target, { recursive: true }).map(String).sort()
}

function torrentsIn(mirror: Mirror): string[] {
  return pathsIn(mirror).filter((name) => name.endsWith('.torrent'))
}

test('--recursive makes a torrent of each file, in the same tree below --output', async (t) => {
  const mirror = new Mirror(t, FILES)
  const args = ['--recursive', '--exclude', '*.tmp', '--web-seed-base', 'https://m.example/pub']
  const dry = await mirror.run([...args, '--dry-run'])
  assert.deepEqual([dry.status, dry.stdout.match(/^would create/gm)?.length], [0, 3])
  assert.deepEqual(mirror.list(), [])
  const first = await mirror.report(args)
  assert.equal(first.created.length, 3)
  const torrents = ['a.iso.torrent', 'x/a.iso.torrent', 'x/y/b.iso.torrent']
  assert.deepEqual(torrentsIn(mirror), torrents)
  const torrent = decodeTorrent(readFileSync(`${mirror.target}/x/y/b.iso.torrent`))
  assert.deepEqual(torrent['url-list'], ['https://m.example/pub/x/y/'])
  const again = await mirror.report(args)
  assert.deepEqual([again.unchanged, again.bytesHashed], [3, 0])
})

test('--recursive reports hidden names and links to directories, each once', async (t) => {
  const mirror = new Mirror(t, { ...FILES, 'x/.env': '1' })
  symlinkSync('x', mirror.at('latest'))
  const { skipped } = await mirror.report(['--recursive'])
  const named = skipped.map(({ source, reason }) => [source, reason])
  assert.deepEqual(named, [
    [mirror.at('.hidden'), 'hidden'],
    [mirror.at('latest'), 'link'],
    [mirror.at('x/.env'), 'hidden'],
    [mirror.at('z/empty'), 'empty'],
  ])
})

test('--recursive notes what systems leave in directories', async (t) => {
  const mirror = new Mirror(t, { 'x/a': 'a', 'x/#recycle/b': 'b', 'x/y/@eaDir/c': 'c' })
  const { stderr } = await mirror.run(['--recursive'])
  const skipped = 'skipped 2 system (x/#recycle, …; --hidden includes them)'
  assert.equal(stderr, `btkit: ${mirror.at('').replace(/\/$/, '')}: ${skipped}\n`)
  assert.equal((await mirror.run(['--recursive', '--quiet'])).stderr, '')
})

test('--recursive skips a link that leads to itself, and completes all else', async (t) => {
  const mirror = new Mirror(t, { 'x/a': 'a' })
  symlinkSync('loop', mirror.at('x/loop'))
  const { created, skipped, failed } = await mirror.report(['--recursive'])
  const skips = skipped.map(({ source, reason }) => [source, reason])
  assert.deepEqual([created.length, skips, failed], [1, [[mirror.at('x/loop'), 'link loop']], []])
})

/** The file in `was` or in the directory `was`, and what takes its place: files, or a link. */
const REPLACED: Record<string, [was: string, now: Files | string]> = {
  'a file that is gone': ['was', {}],
  'a directory that is gone': ['was/sub/f', {}],
  'the last file beside directories': ['was/f', { 'was/sub/g': 'g' }],
  'a file that became a directory': ['was', { 'was/f': 'f' }],
  'a file that became a link to a directory': ['was', 'other'],
  'a directory that became a file': ['was/sub/f', { was: 'f' }],
  'a directory that became a link to one without it': ['was/f', 'other'],
}

for (const [what, [was, now]] of Object.entries(REPLACED)) {
  test(`--recursive --prune removes the torrent of ${what}, and no other`, async (t) => {
    const mirror = new Mirror(t, { [was]: 'was', 'other/sub/f': 'seen through the link' })
    // The tree itself is seen through a link
    const root = join(mirror.root, 'link')
    symlinkSync(mirror.source, root)
    const run = async (...args: readonly string[]) =>
      assertStatus(await runBtkit(mirror.args(args).with(2, root), { now: aheadOfFiles }), 0)
    await run('--recursive', '--checksums', 'sha256')
    // Torrents of directories, by another run
    await run('--exclude', 'was')
    writeFileSync(join(mirror.target, dirname(was), 'foreign.torrent'), 'of somebody else')
    rmSync(mirror.at('was'), { recursive: true })
    if (typeof now === 'string') symlinkSync(now, mirror.at('was'))
    else plantFiles(mirror.source, now)
    for (const dry of [['--dry-run'], []]) {
      const { stderr } = await run('--recursive', ...dry)
      assert.match(stderr, /^btkit: 1 torrent without a source \(--prune removes it\)$/m)
    }
    const before = pathsIn(mirror)
    const { stdout } = await run('--recursive', '--prune')
    const gone = [`${was}.sha256`, `${was}.torrent`]
    for (const path of gone) assert.ok(stdout.includes(`removed ${join(mirror.target, path)}\n`))
    const left = before.filter((path) => !gone.includes(path))
    assert.deepEqual([pathsIn(mirror), before.length - left.length], [left, 2])
    assertQuiet(await run('--recursive', '--prune', '--quiet'))
  })
}

test('--recursive --prune leaves the torrents of files that a link now leads to', async (t) => {
  const mirror = await Mirror.made(t, FILES, ['--recursive'])
  const before = torrentsIn(mirror)
  renameSync(mirror.at('x'), join(mirror.root, 'moved'))
  symlinkSync(join(mirror.root, 'moved'), mirror.at('x'))
  assert.deepEqual((await mirror.report(['--recursive', '--prune'])).removed, [])
  assert.deepEqual(torrentsIn(mirror), before)
})

/** How a disk goes that holds all or a part of a tree, and the directories that are reported. */
const UNMOUNTED: Record<string, { go: (mirror: Mirror) => void; named: readonly string[] }> = {
  'that is gone': {
    go: ({ root, source }) => {
      renameSync(source, join(root, 'off'))
    },
    named: [''],
  },
  'that is empty': {
    go: ({ root, source }) => {
      renameSync(source, join(root, 'off'))
      mkdirSync(source)
    },
    named: [''],
  },
  'in the tree that is empty': {
    go: ({ root, source }) => {
      renameSync(join(source, 'x'), join(root, 'off'))
      mkdirSync(join(source, 'x'))
    },
    named: ['x'],
  },
  'in the tree that a link leads to': {
    go: ({ root, source }) => {
      for (const name of ['x', 'w']) {
        renameSync(join(source, name), join(root, `off-${name}`))
        symlinkSync(join(root, 'disk', name), join(source, name))
      }
      plantFiles(join(root, 'disk'), { 'w/.Trash/f': 'hidden' })
    },
    named: ['w', 'x'],
  },
  'in the tree that a link behind a link leads to': {
    go: ({ root, source }) => {
      renameSync(join(source, 'x'), join(root, 'on'))
      symlinkSync(join(root, 'on'), join(source, 'x'))
      renameSync(join(root, 'on/y'), join(root, 'off'))
      symlinkSync(join(root, 'disk'), join(root, 'on/y'))
    },
    named: ['x/y'],
  },
}

for (const [what, { go, named }] of Object.entries(UNMOUNTED)) {
  test(`--recursive --prune keeps the torrents of a disk ${what}, which may not be mounted`, async (t) => {
    const mirror = await Mirror.made(t, { ...FILES, 'w/v/u': 'u' }, ['--recursive'])
    const before = torrentsIn(mirror)
    go(mirror)
    const { stderr } = await mirror.run(['--recursive'])
    assert.doesNotMatch(stderr, /without a source/)
    const { failed, removed } = await mirror.report(['--recursive', '--prune'])
    const sources = failed.map(({ source }) => source)
    assert.deepEqual([sources, removed], [named.map((path) => join(mirror.source, path)), []])
    assert.deepEqual(torrentsIn(mirror), before)
    assert.equal((await mirror.run(['--recursive', '--prune', '--dry-run'])).status, 1)
    assert.deepEqual((await mirror.report(['--recursive', '--prune-all'])).failed, [])
    const isLost = (path: string) => named.some((each) => path.startsWith(each))
    assert.deepEqual(
      torrentsIn(mirror),
      before.filter((path) => !isLost(path)),
    )
    // Nothing is left that could be lost, unless the tree itself is gone
    const { status } = await mirror.run(['--recursive', '--prune'])
    assert.equal(status, Number(!existsSync(mirror.source)))
  })
}

test('--recursive writes beside the files, and refuses two files for one torrent', async (t) => {
  const mirror = new Mirror(t, { 'x/a': 'a', 'y/a': 'b' })
  const places = [mirror.at('x'), mirror.at('y'), '--recursive', '--state-dir', mirror.state]
  const clash = await runBtkit(['completedir', TRACKER, ...places, '--output', mirror.target])
  assert.equal(clash.status, 2)
  assert.match(clash.stderr, /both be written to/)
  assert.equal((await runBtkit(['completedir', TRACKER, ...places])).status, 0)
  assert.deepEqual(readdirSync(mirror.at('x')), ['a', 'a.torrent'])
})

test('a dry run of --recursive reports what the run then does in directories it makes', async (t) => {
  const mirror = new Mirror(t, { ...FILES, 'x/empty': '' })
  const outcomeOf = async (args: readonly string[]) => {
    const { created, skipped } = await mirror.report(['--recursive', ...args])
    const skips = skipped.map(({ source, torrent, reason }) => [source, torrent, reason])
    return [created.map(({ source, torrent }) => [source, torrent]), skips]
  }
  const planned = await outcomeOf(['--dry-run'])
  assert.deepEqual(mirror.list(), [])
  assert.deepEqual(await outcomeOf([]), planned)
})
