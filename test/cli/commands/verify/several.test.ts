import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PIECE } from '../../../core/verify/release.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'
import { referenceDigests } from '../../../support/reference-digests.js'
import { assertError, Captured, inputOf, runBtkit, jsonLines } from '../../../support/run-btkit.js'
import { makeScratch, plantFiles } from '../../../support/scratch.js'
import { directoryInfo, torrentOf } from '../../../support/torrents.js'

/** Torrents `a.torrent` and so on in `torrents/`, each of a file of its name in `data/`. */
function plant(t: TestContext, names: readonly string[]) {
  const directory = makeScratch(t)
  const at = (...path: string[]) => join(directory, ...path)
  for (const [i, name] of names.entries()) {
    const content = pseudoRandom(2 * PIECE, i)
    const pieces = referenceDigests([content], PIECE)
    const info = { length: content.length, name, 'piece length': PIECE, pieces }
    const files = { [`torrents/${name}.torrent`]: torrentOf(info), [`data/${name}`]: content }
    plantFiles(directory, files)
  }
  return { at, torrents: names.map((name) => at('torrents', `${name}.torrent`)) }
}

const NO_NAMES = 'names no torrent; nothing was checked'

const whole = (torrent: string) => `${torrent}: whole: 1 file, 32 KiB in 2 pieces\n`

test('several torrents of one directory have a line each, and a sum', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const args = ['verify', ...torrents, '--data', at('data')]
  const { status, stdout, stderr } = await runBtkit(args)
  assert.equal(stdout, `${torrents.map(whole).join('')}2 torrents: 2 whole\n`)
  assert.deepEqual([status, stderr], [0, ''])
})

test('without --data the data of each is looked for beside it', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b', 'c'])
  for (const name of ['a', 'b', 'c']) renameSync(at('data', name), at('torrents', name))
  for (const some of [torrents, torrents.slice(0, 2)]) {
    const { status, stdout } = await runBtkit(['verify', ...some])
    const sum = `${some.length} torrents: ${some.length} whole\n`
    assert.deepEqual([status, stdout], [0, some.map(whole).join('') + sum])
  }
})

test('--data that is the directory of the torrent itself is named, with what to type', async (t) => {
  const info = directoryInfo([{ length: 1, path: ['sub', 'f'] }])
  const directory = makeScratch(t, { 'dir.torrent': torrentOf(info), 'my copy/sub/f': 'x' })
  const [torrent, data] = [join(directory, 'dir.torrent'), join(directory, 'my copy')]
  const { status, stderr } = await runBtkit(['verify', torrent, '--data', data])
  const typed = `btkit verify ${torrent} '${data}'`
  const note = `btkit: ${data}: has files of the torrent itself; to check these: ${typed}\n`
  assert.deepEqual([status, stderr], [1, note])
  const empty = await runBtkit(['verify', torrent, '--data', makeScratch(t)])
  assert.deepEqual([empty.status, empty.stderr], [1, ''])
})

test('errors are listed below their torrent, and a bad torrent does not stop the others', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b', 'c'])
  const [a, b, c] = torrents as [string, string, string]
  rmSync(at('data/a'))
  writeFileSync(b, 'no torrent')
  const args = ['verify', a, b, at('gone.torrent'), c, '--data', at('data')]
  const { status, stdout, stderr } = await runBtkit(args)
  assert.deepEqual(stdout.split('\n'), [
    `${a}: not whole: files: 1 missing`,
    `  missing     a: not found: ${at('data/a')}`,
    whole(c).trimEnd(),
    '4 torrents: 1 whole, 1 not whole, 2 failed',
    '',
  ])
  assert.equal(status, 1)
  assert.equal(stderr.split('\n').length, 3)
  assert.ok(stderr.includes(`btkit: ${at('gone.torrent')}: no such file or directory\n`))
})

test('in JSON each torrent is an object, one that could not be checked too', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const gone = at('gone.torrent')
  const args = ['verify', '--json', ...torrents, gone, '--data', at('data')]
  const { status, stdout } = await runBtkit(args, { monotonic: () => 0 })
  const objects = jsonLines(stdout)
  assert.deepEqual(
    objects.map(({ torrent, ok }) => [torrent, ok]),
    [...torrents.map((torrent) => [torrent, true]), [gone, false]],
  )
  assert.deepEqual(objects[2], {
    torrent: gone,
    infoHash: null,
    infoHashV2: null,
    ok: false,
    pieces: null,
    badPieces: null,
    uncheckedPieces: null,
    disagreeingPieces: null,
    files: [],
    seconds: 0,
    error: `${gone}: no such file or directory`,
    code: 'not-found',
  })
  assert.equal(status, 1)
})

test('a list names torrents, from a file or standard input', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const list = torrents.map((torrent) => `${torrent}\0`).join('')
  plantFiles(at('.'), { list: torrents.join('\n') })
  const expected = `${torrents.map(whole).join('')}2 torrents: 2 whole\n`
  const fromFile = ['verify', '--files-from', at('list'), '--data', at('data')]
  assert.equal((await runBtkit(fromFile)).stdout, expected)
  const fromStdin = ['verify', '--files-from', '-', '--data', at('data')]
  assert.equal((await runBtkit(fromStdin, { stdin: inputOf(list) })).stdout, expected)
})

test('a list that names nothing is an error, as what made it may have failed', async (t) => {
  const list = join(makeScratch(t, { list: '\n' }), 'list')
  for (const options of [[], ['--quiet'], ['--json']]) {
    const fromFile = await runBtkit(['verify', ...options, '--files-from', list])
    assertError(fromFile, 'empty', `${list}: ${NO_NAMES}`)
    const args = ['verify', ...options, '--files-from', '-']
    const refused = await runBtkit(args, { stdin: inputOf('') })
    assertError(refused, 'empty', `standard input: ${NO_NAMES}`)
  }
})

test('a list that names nothing is no error beside torrents that are given', async (t) => {
  const { at, torrents } = plant(t, ['a'])
  const args = ['verify', ...torrents, '--files-from', '-', '--data', at('data')]
  const { status, stdout } = await runBtkit(args, { stdin: inputOf('') })
  assert.deepEqual([status, stdout], [0, `${torrents.map(whole).join('')}1 torrent: 1 whole\n`])
})

test('--quiet prints incomplete torrents and the sum', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const args = ['verify', '--quiet', ...torrents, '--data', at('data')]
  assert.equal((await runBtkit(args)).stdout, '')
  rmSync(at('data/b'))
  const lines = `${torrents[1]!}: not whole: files: 1 missing\n  missing     b: not found: ${at('data/b')}\n`
  const { status, stdout } = await runBtkit(args)
  assert.deepEqual([status, stdout], [1, `${lines}2 torrents: 1 whole, 1 not whole\n`])
})

test('--data finds content by its name', async (t) => {
  const content = pseudoRandom(PIECE)
  const pieces = referenceDigests([content], PIECE)
  const files = [{ length: PIECE, path: ['f'] }]
  const info = { files, name: 'release', 'piece length': PIECE, pieces }
  const directory = makeScratch(t, { 'r.torrent': torrentOf(info), 'data/f': content })
  const args = ['verify', join(directory, 'r.torrent'), '--data', join(directory, 'data')]
  const lost = await runBtkit(args)
  const place = join(directory, 'data/release/f')
  assert.equal(
    lost.stdout,
    `missing     f: not found: ${place}\n${args[1]!}: not whole: files: 1 missing\n`,
  )
  mkdirSync(join(directory, 'data/release'))
  renameSync(join(directory, 'data/f'), join(directory, 'data/release/f'))
  assert.equal((await runBtkit(args)).status, 0)
})

test('a torrent and a directory of any name are the torrent and its data', async (t) => {
  const { at, torrents } = plant(t, ['a'])
  renameSync(at('data'), at('data.torrent'))
  const { status } = await runBtkit(['verify', torrents[0]!, at('data.torrent')])
  assert.equal(status, 0)
})

for (const [what, args, said] of [
  ['no torrent', ['--quiet'], ['no torrent given']],
  ['data that are no directory', ['x.torrent', '--data', '/gone'], ['--data /gone']],
  ['a directory after several torrents', ['x', 'y', '/'], ['/: ', '--data']],
  ['standard input among several', ['x.torrent', '-', 'y'], ['-: ', 'standard input']],
] as const) {
  test(`${what} is wrong usage`, async () => {
    assertError(await runBtkit(['verify', ...args]), 'usage', ...said)
  })
}

test('an interruption ends all, and says how far it came', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const stop = new AbortController()
  const stdout = new Captured()
  const args = ['verify', ...torrents, '--data', at('data')]
  const write = (chunk: string | Uint8Array) => {
    stdout.write(chunk)
    stop.abort()
  }
  const result = await runBtkit(args, { stdout: { write }, signal: stop.signal })
  assert.equal(stdout.text, whole(torrents[0]!))
  assert.equal(result.stderr, 'btkit: stopped after 1 of 2 torrents\nbtkit: interrupted\n')
})

test('an interruption is heard between small torrents, too', async (t) => {
  const names = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(2, '0'))
  const { at, torrents } = plant(t, names)
  const stop = new AbortController()
  const stdout = new Captured()
  const write = (chunk: string | Uint8Array) => {
    // As a signal comes: by the event loop
    const end = () => {
      stop.abort()
    }
    if (stdout.text === '') setImmediate(end)
    stdout.write(chunk)
  }
  const args = ['verify', ...torrents, '--data', at('data')]
  const { stderr } = await runBtkit(args, { stdout: { write }, signal: stop.signal })
  const [, done] = /stopped after (\d+) of 100 torrents/.exec(stderr) ?? []
  assert(Number(done) >= 1 && Number(done) < 50, stderr)
})

/** A terminal, which sees the progress of the work. */
class Terminal extends Captured {
  readonly isTTY = true
  readonly columns = 100
}

test('the progress is that of all torrents together', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b', 'c', 'd'])
  const stderr = new Terminal()
  let now = 1_700_000_000_000
  const args = ['verify', ...torrents, '--data', at('data')]
  const later = () => (now += 1000)
  const { stdout } = await runBtkit(args, { stderr, now: later })
  assert.match(stdout, /4 torrents: 4 whole/)
  for (const part of ['32 KiB of 128 KiB', '96 KiB of 128 KiB']) {
    assert.ok(stderr.text.includes(part), `${part} in ${JSON.stringify(stderr.text)}`)
  }
})

test('--no-cache and --cached cannot be used together', async (t) => {
  const { torrents } = plant(t, ['a'])
  const both = await runBtkit(['verify', ...torrents, '--no-cache', '--cached'])
  assertError(both, 'usage', '--no-cache', '--cached')
})

test('--cached reads what changed, and believes the cache of the rest', async (t) => {
  const { at, torrents } = plant(t, ['a', 'b'])
  const env = { BTKIT_CACHE_DIR: at('cache') }
  const trusting = ['verify', ...torrents, '--data', at('data'), '--cached']
  const byTime = [...trusting, '--cache-trust', 'mtime']
  const world = { env, now: () => Date.now() + 60_000 }
  assert.equal((await runBtkit(byTime, world)).status, 0)
  // Damage with the size and time of before, which only reading could tell
  for (const name of ['a', 'b']) utimesSync(at('data', name), 1000, 1000)
  assert.equal((await runBtkit(byTime, world)).status, 0)
  writeFileSync(at('data/a'), Buffer.alloc(2 * PIECE))
  utimesSync(at('data/a'), 1000, 1000)
  assert.equal((await runBtkit(byTime, world)).status, 0)
  // A file that changed by its time is read again
  writeFileSync(at('data/b'), Buffer.alloc(2 * PIECE))
  utimesSync(at('data/b'), 2000, 2000)
  const changed = await runBtkit(byTime, world)
  assert.ok(changed.stdout.startsWith(whole(torrents[0]!)), changed.stdout)
  assert.ok(
    changed.stdout.includes(`${torrents[1]!}: not whole: pieces: 2 bad of 2; files: 1 damaged\n`),
  )
  // By its whole fingerprint the first has changed as well, and without the cache all is read
  for (const args of [trusting, trusting.slice(0, -1)]) {
    const { status, stdout } = await runBtkit(args, world)
    assert.equal(status, 1)
    assert.ok(stdout.endsWith('2 torrents: 2 not whole\n'), stdout)
  }
})

test('one line says in which directory data with a name was not found', async (t) => {
  const files = { 'a/set/x': 'x', 'a/set/y': 'y', 'a/one': '1', 'b/other': '' }
  const directory = makeScratch(t, files)
  const at = (path: string) => join(directory, path)
  for (const name of ['set', 'one']) {
    const make = ['makemetafile', at(`a/${name}`), '--trackerless', '--no-cache']
    await runBtkit([...make, '--output', at(`b/${name}.torrent`)])
  }
  const [set, one] = [at('b/set.torrent'), at('b/one.torrent')]
  const alone = await runBtkit(['verify', set])
  const lost = (torrent: string, name: string) =>
    `${torrent}: not whole: no ${name} in ${at('b')}; give its path: btkit verify ${torrent} PATH\n`
  assert.deepEqual([alone.status, alone.stdout, alone.stderr], [1, lost(set, 'set'), ''])
  assert.equal((await runBtkit(['verify', set, at('a/set')])).status, 0)
  const single = await runBtkit(['verify', one])
  assert.deepEqual([single.status, single.stdout, single.stderr], [1, lost(one, 'one'), ''])
  const both = await runBtkit(['verify', one, set])
  assert.equal(both.stderr, `btkit: no one in ${at('b')}; give its path: --data DIRECTORY\n`)
  assert.equal((await runBtkit(['verify', one, set, '--data', at('a')])).status, 0)
})
