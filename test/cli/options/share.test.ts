import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'

const KEY = 'k'.repeat(32)

test('--share without a name, without a directory, or with a file is refused', async (t) => {
  const directory = makeScratch(t, { 'd/a': 'a', key: KEY })
  const at = (name: string) => join(directory, name)
  chmodSync(at('key'), 0o600)
  const url = ['--cache-url', 'redis://127.0.0.1:1', '--share-key-file', at('key')]
  const make = ['makemetafile', at('d/a'), '--trackerless', '--dry-run', ...url]
  const form = 'not NAME=DIRECTORY, with letters, digits, . _ - in the name'
  for (const [share, status, why] of [
    // The last character of the path once stood for the =
    ['d', 2, `'d': ${form}`],
    [`=${at('d')}`, 2, `'=${at('d')}': ${form}`],
    ['d=', 2, `'d=': ${form}`],
    [`d=${at('d/a')}`, 1, `d=${at('d/a')}: not a directory`],
    [`d=${at('gone')}`, 1, `d=${at('gone')}: no such directory`],
  ] as const) {
    const run = await runBtkit([...make, '--share', share], { cwd: directory })
    assert.deepEqual([run.status, run.stderr], [status, `btkit: --share ${why}\n`])
  }
})

test('a key file without key, with a short one, with three, or for all users is refused', async (t) => {
  const key = (n: number, length = 32) => `${n}`.repeat(length)
  const directory = makeScratch(t, {
    empty: '\n',
    short: key(1, 31),
    second: `${key(1)}\n${key(2, 31)}`,
    three: [1, 2, 3].map((n) => key(n)).join('\n'),
    open: key(1),
    two: `\n${key(1)}\n${key(2)}\n`,
  })
  const make = ['makemetafile', directory, '--trackerless', '--dry-run', '--share', 'd=.']
  for (const [name, status, why] of [
    ['empty', 2, /must have one key or two, each of at least 32 characters/],
    ['short', 2, /must have one key or two/],
    ['second', 2, /must have one key or two/],
    ['three', 2, /must have one key or two/],
    ['open', 1, /all users can read or write it/],
    ['two', 0, /^$/],
  ] as const) {
    const file = join(directory, name)
    chmodSync(file, name === 'open' ? 0o604 : 0o600)
    const args = [...make, '--cache-url', 'redis://127.0.0.1:1', '--share-key-file', file]
    const run = await runBtkit(args, { cwd: directory })
    assert.equal(run.status, status, `${name}: ${run.stderr}`)
    assert.match(run.stderr, why)
    if (status !== 0) assert.ok(run.stderr.startsWith(`btkit: ${file}: `), run.stderr)
  }
})
