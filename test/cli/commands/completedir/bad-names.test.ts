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
  const two = `btkit: 2 entries (${mirror.at(longName('x'))}, …): ${WHY}; ${ADVICE}\n`
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

test('with --quiet, each run reports a missing target', async (t) => {
  const mirror = new Mirror(t, { a: 'a' })
  for (let i = 0; i < 2; i++) {
    const [status, stderr] = await quietly(mirror, ['--target', mirror.at('missing')])
    assert.equal(status, 1)
    assert.match(stderr, /^btkit: .*missing: no such file or directory\n$/)
  }
})
