import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

/** Writes the name of each package for Redis that is loaded into a file. */
const WITNESS = `
const Module = require('node:module')
const load = Module._load
Module._load = function (name, ...rest) {
  if (/^(ioredis|bullmq|.*bullmq[.]cjs)$/.test(name)) require('node:fs').appendFileSync(process.env.WITNESS, name)
  return load.call(this, name, ...rest)
}`

for (const [when, more, isLoaded] of [
  ['is not loaded unless a command shares digests', [], false],
  ['is loaded if one does', ['--cache-url', 'redis://127.0.0.1:1', '--share-key-file'], true],
] as const) {
  test(`the client of Redis ${when}`, async (t) => {
    const directory = makeScratch(t, { 'witness.cjs': WITNESS, key: 'k'.repeat(64), 'd/a': 'a' })
    chmodSync(join(directory, 'key'), 0o600)
    const at = (name: string) => join(directory, name)
    const env = { NODE_OPTIONS: `--require=${at('witness.cjs')}`, WITNESS: at('loaded') }
    const own = ['--cache-dir', at('cache'), '--state-dir', at('state')]
    const args = more.length > 0 ? [...more, at('key')] : []
    const target = ['completedir', at('d'), '--trackerless', '--target', directory]
    const { status } = await runExecutable('btkit', [...target, ...own, ...args], { env })
    assert.equal(status, 0)
    assert.equal(
      existsSync(at('loaded')) && readFileSync(at('loaded'), 'utf8') === 'ioredis',
      isLoaded,
    )
  })
}
