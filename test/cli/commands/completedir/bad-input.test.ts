import assert from 'node:assert/strict'
import { readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { test } from 'node:test'
import { Mirror, TRACKER } from '../../../support/mirror.js'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'

/** Bad input for each option of completedir's own, and a part of what is said of it. */
const BAD: readonly (readonly [args: string[], said: string])[] = [
  [['--wait', '-1'], '--wait'],
  [['--wait', 'long'], '--wait'],
  [['--max-rate', '0'], '--max-rate'],
  [['--max-rate', 'fast'], '--max-rate'],
  [['--cache-trust', 'blind'], '--cache-trust'],
  [['--name', 'x'], '--name'],
  [['--no-clobber'], '--no-clobber'],
  [['--mode', '999'], 'octal'],
  [['--owner', 'root:root'], '--owner'],
]

for (const [args, said] of BAD) {
  test(`completedir ${args.join(' ')} is refused in one line, and writes nothing`, async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    const { status, stdout, stderr } = await mirror.run(args)
    assert.match(stderr, /^btkit: [^\n]+\n$/)
    assert.ok(stderr.includes(said), stderr)
    assert.deepEqual([status, stdout, mirror.list()], [2, '', []])
  })
}

for (const owner of ['root', 'root:', ':root', 'no-such-user:root', 'root:no-such-group', '1:-1']) {
  test(`--owner ${owner} is refused`, async (t) => {
    const mirror = new Mirror(t, { a: 'a' })
    const { status, stderr } = await mirror.run(['--owner', owner], { isRoot: true })
    assert.match(stderr, /^btkit: owner[^\n]+\n$/)
    assert.deepEqual([status, mirror.list()], [2, []])
  })
}

test('a directory is needed', async () => {
  assert.equal((await runBtkit(['completedir', TRACKER])).status, 2)
})

test('two entries that would write one torrent are refused before anything is hashed', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'a', 'two/a': 'A', 'one/b': 'b' })
  const places = [mirror.at('one'), mirror.at('two'), '--target', mirror.target]
  const { status, stderr } = await runBtkit(['completedir', TRACKER, ...places])
  const torrent = mirror.torrent('a')
  const both = `${mirror.at('one', 'a')} and ${mirror.at('two', 'a')}`
  assert.equal(stderr, `btkit: ${both} would both be written to ${torrent}\n`)
  assert.deepEqual([status, mirror.list()], [2, []])
})

test('a directory given twice is refused', async (t) => {
  const directory = makeScratch(t, { a: 'a' })
  const other = `${directory}/.`
  for (const [again, said] of [
    [directory, `${directory}: is given twice`],
    [other, `${directory} and ${other}: are the same directory`],
  ] as const) {
    const { status, stderr } = await runBtkit(['completedir', TRACKER, directory, again])
    assert.deepEqual([status, stderr], [2, `btkit: ${said}\n`])
  }
  assert.deepEqual(readdirSync(directory), ['a'])
})

test('a missing directory or target fails with status 1, and the others go on', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const missing = mirror.at('missing')
  const { status, stderr } = await mirror.run([missing])
  assert.equal(stderr, `btkit: ${missing}: no such file or directory\n`)
  assert.deepEqual([status, mirror.list()], [1, ['a.torrent']])
  const nowhere = await mirror.run(['--target', missing])
  assert.deepEqual(
    [nowhere.status, nowhere.stderr],
    [1, `btkit: ${missing}: no such file or directory\n`],
  )
})

test('a file in place of a directory fails with status 1', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  const { status, stderr } = await mirror.run([mirror.at('a')])
  assert.equal(stderr, `btkit: ${mirror.at('a')}: not a directory\n`)
  assert.equal(status, 1)
})

test('a torrent of another entry that is still there is not replaced by a later run', async (t) => {
  const mirror = new Mirror(t, { 'one/a': 'a', 'two/a': 'A', 'two/b': 'b' })
  const run = (name: string, ...args: string[]) =>
    runBtkit(['completedir', TRACKER, mirror.at(name), '--output', mirror.target, ...args])
  assert.equal((await run('one')).status, 0)
  const before = readFileSync(mirror.torrent('a'))
  const { status, stderr } = await run('two')
  const what = `${mirror.torrent('a')}: is the torrent of ${mirror.at('one', 'a')}`
  assert.equal(stderr, `btkit: ${what}; use another --output, or --force to replace it\n`)
  assert.equal(status, 2)
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
  const { status, stderr } = await run('two')
  assert.deepEqual([status, stderr], [0, ''])
})
