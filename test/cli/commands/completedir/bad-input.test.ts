import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Mirror, entriesOf } from '../../../support/mirror.js'
import { unlessInstalled } from '../../../support/peers.js'
import { assertError, assertQuiet, assertStatus, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { TRACKER } from '../../../support/torrents.js'

/** Bad input for each option of completedir's own, and a part of what is said of it. */
const BAD: readonly (readonly [args: string[], said: string])[] = [
  [['--wait', '-1'], '--wait'],
  [['--wait', 'long'], '--wait'],
  [['--max-rate', '0'], '--max-rate'],
  [['--max-rate', 'fast'], '--max-rate'],
  [['--cache-trust', 'blind'], '--cache-trust'],
  [['--name', 'x'], '--name'],
  [['--no-clobber'], '--no-clobber'],
]

for (const [args, said] of BAD) {
  test(`completedir ${args.join(' ')} is refused in one line, and writes nothing`, async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    assertError(await mirror.run(args), 'usage', said)
    assert.deepEqual(mirror.list(), [])
  })
}

test('a directory is needed', async () => {
  assert.equal((await runBtkit(['completedir', TRACKER])).status, 2)
})

test('two entries that would write one torrent are refused before anything is hashed', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'a', 'two/a': 'A', 'one/b': 'b' })
  const places = [mirror.at('one'), mirror.at('two'), '--target', mirror.target]
  const refused = await runBtkit(['completedir', TRACKER, ...places])
  const both = `${mirror.at('one', 'a')} and ${mirror.at('two', 'a')}`
  const way = 'give the directory above with --recursive'
  assertError(refused, 'usage', both, mirror.torrent('a'), way)
  assert.deepEqual(mirror.list(), [])
})

test('a directory given twice is refused', async (t) => {
  const directory = makeScratch(t, { a: 'a' })
  const other = `${directory}/.`
  for (const [again, said] of [
    [directory, `${directory}: is given twice`],
    [other, `${directory} and ${other}: are the same directory`],
  ] as const) {
    assertError(await runBtkit(['completedir', TRACKER, directory, again]), 'usage', said)
  }
  assert.deepEqual(readdirSync(directory), ['a'])
})

test('a missing directory or target fails with status 1, and the others go on', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const missing = mirror.at('missing')
  const { status, stderr } = await mirror.run([missing])
  assert.equal(stderr, `btkit: ${missing}: no such file or directory\n`)
  assert.deepEqual([status, mirror.list()], [1, ['a.torrent']])
  const below = mirror.at('missing', 'below')
  for (const quiet of [[], ['--quiet'], ['--quiet']]) {
    const nowhere = await mirror.run([...quiet, '--target', below])
    assertError(nowhere, 'not-found', `--target ${below}: no such directory`)
  }
})

test('a torrent of another entry that is still there is not replaced by a later run', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'a', 'two/a': 'A', 'two/b': 'b' })
  const run = (name: string, ...args: string[]) =>
    runBtkit(['completedir', TRACKER, mirror.at(name), '--output', mirror.target, ...args])
  assert.equal((await run('one')).status, 0)
  const before = readFileSync(mirror.torrent('a'))
  const what = `${mirror.torrent('a')}: is the torrent of ${mirror.at('one', 'a')}`
  assertError(await run('two'), 'usage', what, 'use another --output, or --force to replace it')
  assert.deepEqual(readFileSync(mirror.torrent('a')), before)
  assert.deepEqual(mirror.list(), ['a.torrent'])

  assert.equal((await run('two', '--force')).status, 0)
  assert.notDeepEqual(readFileSync(mirror.torrent('a')), before)
})

test('a directory that moved keeps its torrents', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'a' })
  const run = (name: string) =>
    runBtkit(['completedir', TRACKER, mirror.at(name), '--output', mirror.target])
  assert.equal((await run('one')).status, 0)
  renameSync(mirror.at('one'), mirror.at('two'))
  symlinkSync('two', mirror.at('one'))
  assertQuiet(await run('two'))
})

const WHY = 'with .torrent the name would be longer than 255 bytes'
const ADVICE = 'rename it, or skip it with --exclude'
const unlessWindows = { skip: process.platform === 'win32' && 'names are no bytes there' }

function longName(letter: string): string {
  return letter.repeat(248)
}

/** The exit status of a run with --quiet, and its messages. */
async function quietly(mirror: Mirror, args: readonly string[] = []): Promise<[number, string]> {
  const { status, stdout, stderr } = await mirror.run(['--quiet', ...args])
  assert.equal(stdout, '')
  return [status, stderr]
}

test('with --quiet, each run reports names that can have no torrent', async (t) => {
  const mirror = new Mirror(t, { a: 'a', [longName('x')]: 'x' })
  const one = `btkit: ${mirror.at(longName('x'))}: ${WHY}; ${ADVICE}\n`
  for (let i = 0; i < 2; i++) assert.deepEqual(await quietly(mirror), [1, one])
  writeFileSync(mirror.at(longName('y')), 'y')
  const names = ['x', 'y'].map((letter) => mirror.at(longName(letter))).join(', ')
  const two = `btkit: 2 entries (${names}): ${WHY}; ${ADVICE}\n`
  for (const args of [['--dry-run'], [], []])
    assert.deepEqual(await quietly(mirror, args), [1, two])
  for (const letter of ['x', 'y']) renameSync(mirror.at(longName(letter)), mirror.at(letter))
  assert.deepEqual(await quietly(mirror), [0, ''])
})

test(
  'the report of a bad name says how to exclude it, and that works',
  unlessWindows,
  async (t) => {
    const mirror = new Mirror(t, { a: 'a', 'dir/b': 'b', [longName('x')]: 'x' })
    const bad = (path: string) => Buffer.concat([Buffer.from(mirror.at(path)), Buffer.from([0xff])])
    for (const path of ['bad', 'dir/in', 'worse']) writeFileSync(bad(path), 'z')
    const names = ['bad', 'dir/in', 'worse'].map((path) => `${mirror.at(path)}\\xff`).join(', ')
    const [status, stderr] = await quietly(mirror)
    assert.equal(status, 1)
    assert.deepEqual(stderr.split('\n').sort(), [
      '',
      `btkit: ${mirror.at(longName('x'))}: ${WHY}; ${ADVICE}`,
      `btkit: 3 entries (${names}): the name is not valid UTF-8; ${ADVICE}`,
    ])
    const exclude = ['bad?', 'in?', 'worse?', 'xxx*'].flatMap((glob) => ['--exclude', glob])
    assert.deepEqual(await quietly(mirror, exclude), [0, ''])
  },
)

/** Options, and the file that is replaced by a pipe. */
const PLACES: readonly (readonly [options: readonly string[], file: string])[] = [
  [[], 'a.torrent'],
  [['--force'], 'a.torrent'],
  [['--dry-run'], 'a.torrent'],
  [['--checksums', 'sha256'], 'a.sha256'],
]

for (const [options, file] of PLACES) {
  for (const isKnown of [false, true]) {
    const before = isKnown ? 'where there was a file of ours ' : ''
    const what = `a pipe in place of ${file} ${before}with ${options.join(' ') || 'no options'}`
    test(`${what} is reported, and the rest is done`, unlessInstalled('mkfifo'), async (t) => {
      const mirror = new Mirror(t, { a: 'a', b: 'b' })
      if (isKnown) await mirror.report(['--checksums', 'sha256'])
      const path = join(mirror.target, file)
      for (const gone of [file, 'b.torrent']) rmSync(join(mirror.target, gone), { force: true })
      execFileSync('mkfifo', [path])
      const { failed, created } = await mirror.report(options)
      const messages = failed.map(({ message }) => message)
      assert.deepEqual(messages, [`${path}: not a regular file`])
      assert.deepEqual(entriesOf(created), ['b'])
      assert.ok(lstatSync(path).isFIFO())
    })
  }
}

test(
  'a pipe in place of a torrent to prune is reported and stays',
  unlessInstalled('mkfifo'),
  async (t) => {
    const mirror = await Mirror.made(t, { a: 'a', b: 'b' })
    for (const path of [mirror.at('a'), mirror.torrent('a')]) rmSync(path)
    execFileSync('mkfifo', [mirror.torrent('a')])
    const { stderr } = assertStatus(await mirror.run(['--prune', '--quiet']), 1)
    assert.ok(stderr.includes(mirror.torrent('a')), stderr)
    assert.ok(lstatSync(mirror.torrent('a')).isFIFO())
  },
)
