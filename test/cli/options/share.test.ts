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
