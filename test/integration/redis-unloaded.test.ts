import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runExecutable } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

/** Writes the name of each package for Redis that is loaded into a file. */
const WITNESS = `
const fs = require('node:fs')
const read = fs.readFileSync
fs.readFileSync = function (path, ...rest) {
  const [, name] = /(ioredis|bullmq)[.]cjs$/.exec(path) ?? []
  if (name) fs.appendFileSync(process.env.WITNESS, name)
  return read.call(this, path, ...rest)
}`

for (const [what, more, loaded] of [
  ['no package for Redis is loaded', [], ''],
  ['--cache-url loads the client', ['--cache-url', 'redis://127.0.0.1:1'], 'ioredis'],
  ['--queue loads BullMQ, which is bundled', ['--queue', 'redis://127.0.0.1:1'], 'bullmq'],
] as const) {
  test(what, async (t) => {
    const directory = makeScratch(t, { 'witness.cjs': WITNESS, key: 'k'.repeat(64), 'd/a': 'a' })
    chmodSync(join(directory, 'key'), 0o600)
    const at = (name: string) => join(directory, name)
    const env = { NODE_OPTIONS: `--require=${at('witness.cjs')}`, WITNESS: at('loaded') }
    const own = ['--cache-dir', at('cache'), '--state-dir', at('state')]
    const share = ['--share', `s=${at('d')}`, '--share-key-file', at('key')]
    const args = more.length > 0 ? [...more, ...share] : []
    const target = ['completedir', at('d'), '--v2', '--trackerless', '--target', directory]
    const { status } = await runExecutable('btkit', [...target, ...own, ...args], { env })
    assert.equal(status, 0)
    const names = existsSync(at('loaded')) ? readFileSync(at('loaded'), 'utf8') : ''
    assert.equal(names.includes(loaded), true, names)
    assert.equal(names.includes('bullmq'), loaded === 'bullmq')
    assert.equal(names === '', loaded === '')
  })
}
