import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Mirror } from '../../../support/mirror.js'

const WHY = 'with .torrent the name would be longer than 255 bytes'
const ADVICE = 'rename it, or skip it with --exclude'
const unlessWindows = { skip: process.platform === 'win32' && 'names are no bytes there' }

function longName(letter: string): string {
  return letter.repeat(248)
}

/** What a run says with --quiet, and its exit status. */
async function quietly(mirror: Mirror, args: readonly string[] = []): Promise<[number, string]> {
  const { status, stdout, stderr } = await mirror.run(['--quiet', ...args])
  assert.equal(stdout, '')
  return [status, stderr]
}

test('with --quiet, names that can have no torrent are told when they change alone', async (t) => {
  const mirror = new Mirror(t, { a: 'a', [longName('x')]: 'x' })
  const one = `btkit: ${mirror.at(longName('x'))}: ${WHY}; ${ADVICE}\n`
  assert.deepEqual(await quietly(mirror), [1, one])
  for (let i = 0; i < 2; i++) assert.deepEqual(await quietly(mirror), [1, ''])
  writeFileSync(mirror.at('a'), 'changed')
  assert.deepEqual(await quietly(mirror), [1, ''])
  writeFileSync(mirror.at(longName('y')), 'y')
  const two = `btkit: 2 entries (${mirror.at(longName('x'))}, …): ${WHY}; ${ADVICE}\n`
  assert.deepEqual(await quietly(mirror, ['--dry-run']), [1, two])
  assert.deepEqual(await quietly(mirror), [1, two])
  assert.deepEqual(await quietly(mirror), [1, ''])
  assert.equal((await mirror.run()).stderr, two)
  for (const letter of ['x', 'y']) renameSync(mirror.at(longName(letter)), mirror.at(letter))
  assert.deepEqual(await quietly(mirror), [0, ''])
  renameSync(mirror.at('x'), mirror.at(longName('x')))
  assert.deepEqual(await quietly(mirror), [1, one])
})

test('what is told says how to exclude it, and that does', unlessWindows, async (t) => {
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
})

test('a failure that may pass is told each time', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  for (let i = 0; i < 2; i++) {
    const [status, stderr] = await quietly(mirror, ['--target', mirror.at('missing')])
    assert.equal(status, 1)
    assert.match(stderr, /^btkit: .*missing: no such file or directory\n$/)
  }
})
