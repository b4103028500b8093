import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { expandGlob } from '../../src/files/glob.js'
import { runProgram } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const FILES = {
  'a.iso': '',
  'b.iso': '',
  'c.txt': '',
  '.hidden.iso': '',
  'A.iso': '',
  'd/x.iso': '',
  'd/e/y.iso': '',
  '[1]/z.iso': '',
}

const PATTERNS = [
  ...['*.iso', '?.iso', '[ab].iso', '[!a]*.iso', '*/*.iso', './*.iso', 'd/../*.iso', '*/'],
  ...['.*.iso', 'd/*/*', '*/*/*.iso', '*o'],
]

test('a pattern matches the paths that a POSIX shell finds', async (t) => {
  const cwd = makeScratch(t, FILES)
  for (const pattern of [...PATTERNS, join(cwd, '*.iso')]) {
    const line = `printf '%s\\n' ${pattern}`
    const { stdout } = await runProgram('sh', ['-c', line], { cwd, env: { LC_ALL: 'C' } })
    assert.deepEqual(expandGlob(pattern, cwd), stdout.split('\n').slice(0, -1), pattern)
  }
})

test('a directory that exists is literal, and ** follows no links', (t) => {
  const cwd = makeScratch(t, FILES)
  symlinkSync('..', join(cwd, 'd/up'))
  assert.deepEqual(expandGlob('[1]/*.iso', cwd), ['[1]/z.iso'])
  assert.deepEqual(expandGlob('d/**/*.iso', cwd), ['d/e/y.iso', 'd/x.iso'])
  assert.deepEqual(expandGlob('d/*/?.txt', cwd), ['d/up/c.txt'])
  assert.deepEqual(expandGlob('nowhere/*', cwd), [])
})
