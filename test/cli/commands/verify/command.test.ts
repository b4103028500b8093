import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PIECE, placeOf, plantRelease, type Release } from '../../../core/verify/release.js'
import { runExecutable, startExecutable } from '../../../support/executable.js'
import { collect } from '../../../support/programs.js'
import { assertError, inputOf, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { independentInfoHash } from '../../../support/decode-torrent.js'
import { longTest } from '../../../support/long.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { makeScratch, plantFiles, plantHuge } from '../../../support/scratch.js'
import { directoryInfo, torrentOf } from '../../../support/torrents.js'
import { unlessProc, whenOpen } from '../../../support/when-open.js'
import { unlessAlwaysPermitted, unprivileged } from '../../../support/unprivileged.js'

const FILES = [
  { path: 'a', size: 1.5 * PIECE },
  { path: 'b', size: 2 * PIECE },
  { path: 'c', size: 0 },
]

function plant(t: TestContext): Release & { torrentPath: string } {
  const release = plantRelease(t, FILES)
  return { ...release, torrentPath: join(release.directory, 'release.torrent') }
}

test('a whole torrent is one line and status 0; its content is looked for beside it', async (t) => {
  const { torrentPath } = plant(t)
  const { status, stdout, stderr } = await runBtkit(['verify', torrentPath])
  assert.equal(stdout, `${torrentPath}: whole: 3 files, 56 KiB in 4 pieces\n`)
  assert.deepEqual([status, stderr], [0, ''])
})

test('damaged files have a line each, with a summary and status 1', async (t) => {
  const release = plant(t)
  rmSync(placeOf(release, 'a'))
  appendFileSync(placeOf(release, 'b'), 'more')
  appendFileSync(placeOf(release, 'c'), 'x')
  const { status, stdout } = await runBtkit(['verify', release.torrentPath])
  assert.deepEqual(stdout.split('\n'), [
    `missing     a: not found: ${placeOf(release, 'a')}`,
    'long        b: 32772 bytes, not 32768; unchecked bytes 0-8191',
    'long        c: 1 byte, not 0',
    `${release.torrentPath}: not whole: pieces: 0 bad, 2 unchecked of 4; files: 1 missing, 2 long`,
    '',
  ])
  assert.equal(status, 1)
})

test('a file of which nothing could be checked says why', async (t) => {
  const release = plantRelease(t, [
    { path: 'a', size: PIECE / 2 },
    { path: 'b', size: PIECE / 2 },
  ])
  rmSync(placeOf(release, 'a'))
  const torrent = join(release.directory, 'release.torrent')
  const { stdout } = await runBtkit(['verify', torrent])
  const why = 'shares a piece with bytes that are missing or unreadable'
  assert.equal(stdout.split('\n')[1], `unchecked   b: ${why}`)
})

test('the JSON has just these keys', async (t) => {
  const release = plant(t)
  rmSync(placeOf(release, 'a'))
  appendFileSync(placeOf(release, 'x'), 'extra')
  const path = join(release.directory, 'release')
  const args = ['verify', release.torrentPath, path, '--json', '--extra']
  const result = await runBtkit(args, { monotonic: () => 0 })
  const plain = { reason: null, ranges: [], blockRanges: null, disagreed: [], unchecked: [] }
  assert.deepEqual(parseJson(result), {
    torrent: release.torrentPath,
    infoHash: independentInfoHash(readFileSync(release.torrentPath)),
    infoHashV2: null,
    ok: false,
    pieces: 4,
    badPieces: 0,
    uncheckedPieces: 2,
    disagreeingPieces: 0,
    files: [
      { ...plain, path: 'a', length: 24576, status: 'missing', unchecked: [[0, 24576]] },
      { ...plain, path: 'b', length: 32768, status: 'unchecked', unchecked: [[0, 8192]] },
      { ...plain, path: 'c', length: 0, status: 'ok' },
      { ...plain, path: 'x', length: 5, status: 'extra' },
    ],
    seconds: 0,
    error: null,
    code: null,
  })
  assert.deepEqual([result.status, result.stderr], [1, ''])
})

test(
  'a file that may not be read is one of many, and the rest is checked',
  unlessAlwaysPermitted,
  async (t) => {
    const release = plant(t)
    chmodSync(release.directory, 0o755)
    chmodSync(placeOf(release, 'a'), 0)
    plantFiles(release.directory, { 'release/c': 'x' })
    const args = ['verify', release.torrentPath]
    const { status, stdout, stderr } = await runExecutable('btkit', args, unprivileged)
    assert.deepEqual(stdout.split('\n'), [
      'unreadable  a: permission denied',
      'unchecked   b: unchecked bytes 0-8191',
      'long        c: 1 byte, not 0',
      `${release.torrentPath}: not whole: pieces: 0 bad, 2 unchecked of 4; files: 1 unreadable, 1 long, 1 unchecked`,
      '',
    ])
    assert.deepEqual([status, stderr], [1, ''])
  },
)

test(
  'a directory that may not be looked into keeps no one from checking the rest',
  unlessAlwaysPermitted,
  async (t) => {
    const release = plantRelease(t, [
      { path: 'shut/a', size: 10 },
      { path: 'z', size: 2 * PIECE },
    ])
    chmodSync(release.directory, 0o755)
    chmodSync(placeOf(release, 'shut'), 0)
    const torrentPath = join(release.directory, 'release.torrent')
    const args = ['verify', '--extra', '--json', torrentPath]
    const { status, stdout, stderr } = await runExecutable('btkit', args, unprivileged)
    chmodSync(placeOf(release, 'shut'), 0o755)
    const { files } = parseJson({ stdout }) as { files: { status: string }[] }
    assert.deepEqual(
      files.map((file) => file.status),
      ['unreadable', 'unchecked'],
    )
    assert.equal(stderr, `btkit: warning: ${placeOf(release, 'shut')}: permission denied\n`)
    assert.equal(status, 1)
  },
)

test('extra files are named, and the status stays', async (t) => {
  const release = plant(t)
  appendFileSync(placeOf(release, 'x\x1b'), 'extra')
  const { status, stdout } = await runBtkit(['verify', '--extra', release.torrentPath])
  const summary = `${release.torrentPath}: whole: 3 files, 56 KiB in 4 pieces; 1 extra file`
  assert.equal(stdout, `extra       x\\x1b\n${summary}\n`)
  assert.equal(status, 0)
})

test('extra files whose names are not UTF-8 are reported, and the status stays', async (t) => {
  const release = plant(t)
  const odd = Buffer.concat([Buffer.from(placeOf(release, 'a')).subarray(0, -1), Buffer.of(0xe9)])
  writeFileSync(odd, '')
  appendFileSync(placeOf(release, 'x'), 'extra')
  const args = ['verify', '--extra', release.torrentPath]
  const { status, stdout, stderr } = await runBtkit(args)
  assert.match(stdout, /^extra {7}x$/m)
  const warning = `btkit: warning: ${placeOf(release, '\\xe9')}: the name is not valid UTF-8\n`
  assert.deepEqual([status, stderr], [0, warning])
})

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`an extra file that is a missing one by another name is found out in ${version}`, async (t) => {
    const directory = makeScratch(t, {
      'release/a': pseudoRandom(40_000, 1),
      'release/b': pseudoRandom(50_000, 2),
    })
    const torrent = join(directory, 'release.torrent')
    const made = ['makemetafile', join(directory, 'release'), '--trackerless', '-l', '14']
    const flag = version === 'v1' ? [] : [`--${version}`]
    assert.equal((await runBtkit([...made, ...flag, '--no-cache'])).status, 0)
    const at = (name: string) => join(directory, 'release', name)
    renameSync(at('a'), at('new'))
    writeFileSync(at('other'), pseudoRandom(40_000, 3))
    const { status, stdout } = await runBtkit(['verify', '--extra', torrent])
    assert.equal(status, 1)
    assert.match(stdout, /^extra {7}new: is the missing a by another name$/m)
    assert.match(stdout, /^extra {7}other$/m)
  })
}

test('quiet says nothing of what is whole, and all of what is not', async (t) => {
  const release = plant(t)
  const args = ['verify', '--quiet', release.torrentPath]
  const whole = await runBtkit(args)
  assert.deepEqual([whole.status, whole.stdout, whole.stderr], [0, '', ''])
  rmSync(placeOf(release, 'c'))
  const { status, stdout } = await runBtkit(args)
  const summary = `${release.torrentPath}: not whole: pieces: 0 bad of 4; files: 1 missing`
  assert.deepEqual(
    [status, stdout],
    [1, `missing     c: not found: ${placeOf(release, 'c')}\n${summary}\n`],
  )
})

test('--no-hash compares only sizes', async (t) => {
  const release = plant(t)
  rmSync(placeOf(release, 'a'))
  const args = ['verify', '--check_hashes', '0', release.torrentPath]
  const { status, stdout } = await runBtkit(args)
  const summary = `${release.torrentPath}: not whole: files: 1 missing`
  assert.deepEqual(
    [status, stdout],
    [1, `missing     a: not found: ${placeOf(release, 'a')}\n${summary}\n`],
  )
})

test('a torrent may come from standard input', async (t) => {
  const { torrent, directory } = plant(t)
  const result = await runBtkit(['verify', '-', directory], { stdin: inputOf(torrent) })
  assert.equal(result.stdout, '-: whole: 3 files, 56 KiB in 4 pieces\n')
})

for (const [number, more] of [
  [50, []],
  [51, ['… and 1 more file (--json lists all)']],
  [60, ['… and 10 more files (--json lists all)']],
] as const) {
  test(`of ${number} bad files the first fifty are named`, async (t) => {
    const files = Array.from({ length: number }, (_, i) => ({ path: `${10 + i}`, size: 1 }))
    const release = plantRelease(t, files)
    rmSync(join(release.directory, 'release'), { recursive: true })
    mkdirSync(join(release.directory, 'release'))
    const torrentPath = join(release.directory, 'release.torrent')
    const lines = (await runBtkit(['verify', torrentPath])).stdout.trimEnd().split('\n')
    assert.match(lines[49] ?? '', /^missing {5}59: /)
    assert.deepEqual(lines.slice(50, -1), more)
  })
}

test('files that only share a piece do not crowd out those that are missing', async (t) => {
  // One piece of 60 small files, and the last of them is gone
  const files = Array.from({ length: 60 }, (_, i) => ({ path: `${10 + i}`, size: 1 }))
  const release = plantRelease(t, files)
  rmSync(placeOf(release, '69'))
  const torrentPath = join(release.directory, 'release.torrent')
  const lines = (await runBtkit(['verify', torrentPath])).stdout.split('\n')
  assert.equal(lines[0], `missing     69: not found: ${placeOf(release, '69')}`)
  assert.match(lines[1] ?? '', /^unchecked {3}10: /)
  assert.equal(lines[50], '… and 10 more files (--json lists all)')
})

test('the first four of many bad ranges are named', async (t) => {
  const release = plantRelease(t, [{ path: 'a', size: 11 * PIECE }])
  const content = readFileSync(placeOf(release, 'a'))
  for (let piece = 1; piece < 11; piece += 2) {
    content.fill(0, piece * PIECE, (piece + 1) * PIECE)
  }
  writeFileSync(placeOf(release, 'a'), content)
  const { stdout } = await runBtkit(['verify', join(release.directory, 'release.torrent')])
  assert.match(
    stdout,
    /^damaged {5}a: bad bytes 16384-32767, 49152-65535, 81920-98303, 114688-131071 and 1 more range\n/,
  )
})

for (const [what, args] of Object.entries({
  'hashes that are neither 0 nor 1': ['a', '--check-hashes', '2'],
  'no threads': ['a', '--threads', '0'],
})) {
  test(`${what} is wrong usage`, async () => {
    assertError(await runBtkit(['verify', ...args]), 'usage')
  })
}

test('unsafe paths and missing content are one line and status 1', async (t) => {
  const torrent = torrentOf(directoryInfo([{ length: 5, path: ['..', 'x'] }]))
  const directory = makeScratch(t, { 'x.torrent': torrent, x: '12345' })
  const torrentPath = join(directory, 'x.torrent')
  const unsafe = await runBtkit(['verify', '--quiet', torrentPath, join(directory, 'x')])
  assertError(unsafe, 'unsafe-path', `${torrentPath}: path "dir/../x"`)
  const gone = await runBtkit(['verify', plant(t).torrentPath, join(directory, 'gone')])
  assertError(gone, 'not-found', join(directory, 'gone'))
})

test('a check that was interrupted has no result', async (t) => {
  const { torrentPath } = plant(t)
  const signal = AbortSignal.abort()
  assertError(await runBtkit(['verify', torrentPath], { signal }), 'interrupted')
})

test('SIGINT ends a check with status 130', { timeout: 60_000, ...unlessProc }, async (t) => {
  const size = 2 ** 36
  const pieces = new Uint8Array((size / 2 ** 24) * 20)
  const torrent = torrentOf({ length: size, name: 'huge', 'piece length': 2 ** 24, pieces })
  const directory = makeScratch(t, { 'huge.torrent': torrent })
  plantHuge(directory, 'huge', size)
  const child = startExecutable('btkit', ['verify', join(directory, 'huge.torrent')])
  const result = collect(child)
  await whenOpen(child.pid!, join(directory, 'huge'))
  child.kill('SIGINT')
  assert.deepEqual(await result.then(({ status, stdout }) => [status, stdout]), [130, ''])
})

longTest('a path of a million components is refused in one line', async (t) => {
  const info = directoryInfo([{ length: 1, path: ['a'] }], { pieces: Buffer.alloc(20) })
  const shallow = Buffer.from(torrentOf(info)).toString('latin1')
  const bytes = Buffer.from(shallow.replace('l1:ae', `l${'1:a'.repeat(1_000_000)}e`), 'latin1')
  const directory = makeScratch(t, { 'deep.torrent': bytes })
  const torrent = join(directory, 'deep.torrent')
  const why = 'a path of 1000000 components, more than any disk can hold'
  for (const command of ['verify', 'convert', 'publish']) {
    const more = {
      verify: [],
      convert: ['--v2'],
      publish: ['--client', 'scgi://127.0.0.1:1', '--no-cache'],
    }
    const args = [command, ...more[command as keyof typeof more], torrent]
    assertError(await runBtkit(args, { cwd: directory }), 'unsafe-path', `${torrent}: ${why}`)
  }
})

test('verify and convert follow links that lead outside only with --follow-symlinks', async (t) => {
  const [directory, pool] = [makeScratch(t, { 'd/a': 'a' }), makeScratch(t)]
  writeFileSync(join(pool, 'b'), 'b'.repeat(40_000))
  symlinkSync(join(pool, 'b'), join(directory, 'd', 'b'))
  const make = ['makemetafile', join(directory, 'd'), '--trackerless', '--no-cache', '--quiet']
  await runBtkit([...make, '--symlinks', 'follow'])
  const torrent = join(directory, 'd.torrent')
  const refused = await runBtkit(['verify', torrent])
  assert.equal(refused.status, 1)
  assert.match(
    refused.stdout,
    /^missing {5}b: in its place is a link that leads outside; --follow-symlinks allows that$/m,
  )
  const { stdout } = await runBtkit(['verify', torrent, '--follow-symlinks'])
  assert.equal(stdout, `${torrent}: whole: 2 files, 39.1 KiB in 2 pieces\n`)
  const convert = ['convert', torrent, '--hybrid', '--no-cache', '--quiet']
  const output = join(directory, 'hybrid.torrent')
  assert.equal((await runBtkit([...convert, '--output', output])).status, 1)
  const followed = await runBtkit([...convert, '--output', output, '--follow-symlinks'])
  assert.deepEqual([followed.status, followed.stderr], [0, ''])
})
