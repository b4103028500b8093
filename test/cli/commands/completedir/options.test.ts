import assert from 'node:assert/strict'
import {
  chmodSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeTorrent } from '../../../support/decode-torrent.js'
import { aheadOfFiles, entriesOf, Mirror } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

const MIB = 2 ** 20
const FILES = { 'a.iso': 'hello', 'dir/one': '1', 'dir/two': '22' }

/** Options that change what is beside `info`, or `info` but none of its digests. */
const CHEAP: readonly (readonly string[])[] = [
  ['--comment', 'new'],
  ['--announce-list', `${TRACKER},udp://b.example:80`],
  ['--web-seed', 'http://files.example/'],
  ['--private'],
  ['--source', 'tag'],
  ['--set', 'x=[1,"a"]'],
  ['--set', 'info.x={"y":"z"}'],
  ['--set', 'info.update-url="http://updates.example/"'],
  ['--set', `similar=["${'a'.repeat(40)}"]`],
  ['--set', 'collections=["releases"]'],
]

for (const args of CHEAP) {
  test(`${args.join(' ')} is written to existing torrents without reading content`, async (t) => {
    const mirror = await Mirror.made(t, FILES)
    const { updated, bytesHashed } = await mirror.report(args)
    assert.deepEqual([entriesOf(updated), bytesHashed], [['a.iso', 'dir'], 0])
    await mirror.checkAgainstFresh(args)
    assert.equal((await mirror.report(args)).unchanged, 2)
  })
}

test('another tracker is written to existing torrents without reading content', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const [command, , ...rest] = mirror.args(['--quiet'])
  const args = [command!, 'http://new.example/', ...rest]
  await runBtkit(args, { now: aheadOfFiles })
  const { announce } = decodeTorrent(readFileSync(mirror.torrent('dir')))
  assert.equal(announce, 'http://new.example/')
  assert.equal((await mirror.report()).bytesHashed, 0)
  await mirror.checkAgainstFresh()
})

test('another piece length means hashing again, once', async (t) => {
  const mirror = new Mirror(t, { 'a.iso': pseudoRandom(100_000) })
  await mirror.report(['--piece-size-pow2', '14'])
  assert.equal((await mirror.report(['--piece-size-pow2', '15'])).bytesHashed, 100_000)
  await mirror.checkAgainstFresh(['--piece-size-pow2', '15'])
  // The digests of both are known by now
  assert.equal((await mirror.report(['--piece-size-pow2', '14'])).bytesHashed, 0)
  await mirror.checkAgainstFresh(['--piece-size-pow2', '14'])
})

test('a file that --exclude now leaves out is no part of the torrent', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  assert.deepEqual(entriesOf((await mirror.report(['--exclude', 'two'])).updated), ['dir'])
  await mirror.checkAgainstFresh(['--exclude', 'two'])
})

const unlessRoot = { skip: process.getuid?.() !== 0 && 'only root can give files away' }

for (const [which, ...args] of [['directory'], ['tree', '--recursive']]) {
  test(
    `root replaces no file of a ${which} that a link of another user leads to`,
    unlessRoot,
    async (t) => {
      const mirror = new Mirror(t, { a: 'a', b: 'b', c: 'c' })
      const secret = join(mirror.root, 'secret')
      const links = [mirror.torrent('a'), join(mirror.target, 'b.sha256'), mirror.torrent('c')]
      for (const path of links) {
        writeFileSync(secret, 'secret')
        symlinkSync(secret, path)
        lchownSync(path, 1, 1)
      }
      const run = await mirror.run(['--force', '--checksums', 'sha256', ...args])
      const { stderr } = assertStatus(run, 1)
      for (const path of links)
        assert.match(stderr, new RegExp(`^btkit: ${path}: is a link of user 1, who could`, 'm'))
      assert.equal(readFileSync(secret, 'utf8'), 'secret')
    },
  )
}

test('root writes and prunes nothing behind a link below the target', unlessRoot, async (t) => {
  const mirror = new Mirror(t, { a: 'a', 'sub/b': 'b', 'deep/er/c': 'c', 'own/d': 'd' })
  const [elsewhere, own] = [join(mirror.root, 'elsewhere'), join(mirror.root, 'own')]
  for (const directory of [elsewhere, own, mirror.target]) mkdirSync(directory, { recursive: true })
  for (const name of ['sub', 'deep']) {
    symlinkSync(elsewhere, join(mirror.target, name))
    lchownSync(join(mirror.target, name), 1, 1)
  }
  symlinkSync(own, join(mirror.target, 'own'))
  for (const args of [[], ['--dry-run'], ['--adopt'], ['--prune-all']]) {
    const { stderr } = assertStatus(await mirror.run(['--recursive', ...args]), 1)
    for (const name of ['sub', 'deep'])
      assert.match(stderr, new RegExp(`${name}: is a link of user 1, who could make it lead to`))
    assert.deepEqual(readdirSync(elsewhere), [])
  }
  assert.deepEqual(readdirSync(own), ['d.torrent'])
})

/** Changes that affect only the ctime of a file. */
const CTIME_ONLY: Record<string, (path: string) => void> = {
  chmod: (path) => {
    chmodSync(path, 0o600)
  },
  'a hard link': (path) => {
    linkSync(path, `${path}.link`)
  },
}

for (const [what, act] of Object.entries(CTIME_ONLY)) {
  test(`with --cache-trust mtime ${what} does not make a run read a file again`, async (t) => {
    const mirror = new Mirror(t, { 'a.iso': 'hello', 'dir/one': '1' })
    const trust = ['--cache-trust', 'mtime']
    await mirror.report(trust)
    act(mirror.at('dir', 'one'))
    act(mirror.at('a.iso'))
    const { bytesHashed, unchanged } = await mirror.report(['--exclude', '*.link', ...trust])
    assert.deepEqual([bytesHashed, unchanged], [0, 2])
    const full = await mirror.report(['--exclude', '*.link'])
    assert.equal(full.bytesHashed, 6)
  })
}

for (const [what, act] of [
  [
    'another size',
    (path: string) => {
      const { mtime } = statSync(path)
      writeFileSync(path, 'hello!')
      utimesSync(path, mtime, mtime)
    },
  ],
  [
    'another time',
    (path: string) => {
      writeFileSync(path, 'olleh')
      utimesSync(path, 1e9, 1e9)
    },
  ],
] as const) {
  test(`with --cache-trust mtime ${what} makes a run read a file again`, async (t) => {
    const mirror = await Mirror.made(t, FILES, ['--cache-trust', 'mtime'])
    act(mirror.at('a.iso'))
    const { updated } = await mirror.report(['--cache-trust', 'mtime'])
    assert.deepEqual(entriesOf(updated), ['a.iso'])
    await mirror.checkAgainstFresh()
  })
}

test('with --cache-trust mtime two directories of equal sizes and times are not mixed up', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'first', 'two/a': 'other' })
  for (const place of ['one', 'two']) {
    utimesSync(mirror.at(place, 'a'), 1e9, 1e9)
    const args = mirror.args(['--cache-trust', 'mtime', '--quiet', '--force'])
    args[2] = mirror.at(place)
    assert.equal((await runBtkit(args, { now: aheadOfFiles })).status, 0)
    const { info } = decodeTorrent(readFileSync(mirror.torrent('a')))
    const alone = await runBtkit([
      ...['makemetafile', mirror.at(place, 'a'), TRACKER, '--no-cache', '--target', '-'],
      ...['--piece-size-pow2', 'auto'],
    ])
    assert.deepEqual(info, decodeTorrent(alone.bytes).info)
  }
})

test('--max-rate limits how fast files are read', async (t) => {
  const mirror = new Mirror(t, { a: pseudoRandom(2 * MIB), b: pseudoRandom(2 * MIB) })
  const started = performance.now()
  await mirror.report(['--max-rate', '2M'])
  const seconds = (performance.now() - started) / 1000
  assert.ok(seconds >= 1.5, `${seconds} s`)
  await mirror.checkAgainstFresh()
})

test('--threads changes no torrent', async (t) => {
  const mirror = new Mirror(t, { a: pseudoRandom(3 * MIB), b: pseudoRandom(MIB), c: 'c' })
  await mirror.report(['--threads', '1'])
  await mirror.checkAgainstFresh(['--threads', '3'])
})

for (const args of [
  ['--pad-files'],
  ['--target-pieces', '1'],
  ['--max-torrent-size', '1KiB'],
  ['--max-piece-length', '16KiB'],
]) {
  test(`${args[0] ?? ''} makes torrents again, and a second run changes nothing`, async (t) => {
    const files = { 'a.iso': pseudoRandom(100_000), 'dir/a': pseudoRandom(70_000), 'dir/b': 'x' }
    const mirror = await Mirror.made(t, files, ['--piece-length', 'auto'])
    const { updated } = await mirror.report(args)
    // One file of its own needs no pad file
    assert.ok(entriesOf(updated).includes('dir'))
    await mirror.checkAgainstFresh(args)
    const { unchanged, bytesHashed } = await mirror.report(args)
    assert.deepEqual([unchanged, bytesHashed], [2, 0])
  })
}

test('another order of files makes torrents again', async (t) => {
  const mirror = await Mirror.made(t, FILES)
  const args = ['--sort-by', '-size']
  assert.deepEqual(entriesOf((await mirror.report(args)).updated), ['dir'])
  await mirror.checkAgainstFresh(args)
})

for (const trust of ['full', 'mtime']) {
  test(`a file that becomes executable is noticed with --cache-trust ${trust}`, async (t) => {
    const mirror = new Mirror(t, FILES)
    const args = ['--attributes', '--cache-trust', trust]
    await mirror.report(args)
    chmodSync(join(mirror.source, 'a.iso'), 0o755)
    chmodSync(join(mirror.source, 'dir/one'), 0o755)
    assert.deepEqual(entriesOf((await mirror.report(args)).updated), ['a.iso', 'dir'])
    assert.equal(decodeTorrent(readFileSync(mirror.torrent('a.iso'))).info['attr'], 'x')
    assert.equal((await mirror.report(args)).unchanged, 2)
  })
}

test('if a .torrent cannot be small enough, only its entry fails', async (t) => {
  const mirror = new Mirror(t, { 'a.iso': 'hello', ['long'.repeat(20)]: 'x' })
  const { created, failed } = await mirror.report(['--max-torrent-size', '210'])
  assert.deepEqual([entriesOf(created), failed.length], [['a.iso'], 1])
})

for (const [args, message] of [
  [
    ['--source', 'a', '--source', 'b'],
    '--source: completedir makes one torrent for each entry; give one tag',
  ],
  [['--sort-by', 'given'], '--sort-by given: only makemetafile reads a list of files'],
] as const) {
  test(`${args.join(' ')} is wrong usage`, async (t) => {
    const mirror = new Mirror(t, FILES)
    assertError(await runBtkit(mirror.args([...args])), 'usage', message)
  })
}

test('variables set options, as in the file beside the unit; a typed one is stronger', async (t) => {
  const directory = makeScratch(t, { 'a.iso': 'hello' })
  const announceOf = async (...args: string[]) => {
    const env = { BTKIT_COMPLETEDIR_ANNOUNCE: TRACKER, BTKIT_COMPLETEDIR_PRIVATE: '1' }
    assertQuiet(await runBtkit(['completedir', directory, ...args], { env }))
    const bytes = readFileSync(join(directory, 'a.iso.torrent'))
    rmSync(join(directory, 'a.iso.torrent'))
    const { info, announce } = decodeTorrent(bytes)
    return [announce, info['private']]
  }
  assert.deepEqual(await announceOf(), [TRACKER, 1])
  const other = 'http://other.example/announce'
  assert.deepEqual(await announceOf('--announce', other), [other, 1])
})

test('a variable of 1 turns off an option that has a value, also presets', async (t) => {
  const scratch = makeScratch(t, {
    'files/a.iso': 'hello',
    'c.yaml': 'presets: {a: {source: A}}\ndefault-preset: a\ncompletedir: {created-by: me}\n',
  })
  const run = (env: Record<string, string>) => {
    const args = ['completedir', TRACKER, join(scratch, 'files'), '--config']
    return runBtkit([...args, join(scratch, 'c.yaml'), '--no-cache'], { env })
  }
  const off = { BTKIT_COMPLETEDIR_NO_DATE: '1', BTKIT_COMPLETEDIR_NO_CREATED_BY: '1' }
  assertQuiet(await run({ ...off, BTKIT_COMPLETEDIR_NO_PRESET: '1' }))
  const torrent = decodeTorrent(readFileSync(join(scratch, 'files/a.iso.torrent')))
  assert.deepEqual(Object.keys(torrent).sort(), ['announce', 'info'])
  assert.equal(torrent.info['source'], undefined)
  const refused = await run({ BTKIT_COMPLETEDIR_NO_DATE: '2026' })
  assertError(refused, 'usage', 'BTKIT_COMPLETEDIR_NO_DATE: unknown option --no-date')
})

test('for a user whose home does not exist a quiet run says nothing, another names the option', async (t) => {
  const scratch = makeScratch(t, { 'files/a.iso': 'hello' })
  const env = { HOME: join(scratch, 'nonexistent'), BTKIT_CACHE_DIR: '' }
  const args = ['completedir', '--trackerless', join(scratch, 'files'), '--state-dir', scratch]
  const quiet = await runBtkit([...args, '--quiet'], { env })
  assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [0, '', ''])
  const { stderr } = await runBtkit(args, { env })
  const why = 'no home directory for the cache, so none is used; set --cache-dir or HOME'
  assert.equal(stderr, `btkit: warning: ${why}\n`)
})
