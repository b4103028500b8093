import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { expandGlob } from '../../../src/disk/scan/expand-glob.js'
import { runProgram } from '../../support/programs.js'
import { makeScratch } from '../../support/scratch.js'

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
    assert.deepEqual(
      expandGlob(pattern, cwd, assert.ifError),
      stdout.split('\n').slice(0, -1),
      pattern,
    )
  }
})

test('a directory that exists is literal, and ** follows no links', (t) => {
  const cwd = makeScratch(t, FILES)
  symlinkSync('..', join(cwd, 'd/up'))
  assert.deepEqual(expandGlob('[1]/*.iso', cwd, assert.ifError), ['[1]/z.iso'])
  assert.deepEqual(expandGlob('d/**/*.iso', cwd, assert.ifError), ['d/e/y.iso', 'd/x.iso'])
  assert.deepEqual(expandGlob('d/*/?.txt', cwd, assert.ifError), ['d/up/c.txt'])
  assert.deepEqual(expandGlob('d/up/**/?.txt', cwd, assert.ifError), ['d/up/c.txt'])
  assert.deepEqual(expandGlob('nowhere/*', cwd, assert.ifError), [])
})

test('patterns of the root directory are absolute', () => {
  assert.deepEqual(expandGlob('/et[c]', '/', assert.ifError), ['/etc'])
})

test('what cannot be looked at is reported, and all others are found', (t) => {
  const cwd = makeScratch(t, FILES)
  const problemsOf = (pattern: string, expected: string[]) => {
    const problems: string[] = []
    const found = expandGlob(pattern, cwd, ({ message }) => problems.push(message))
    assert.deepEqual(found, expected)
    return problems
  }
  const mangled = Buffer.concat([Buffer.from(`${cwd}/d/e/`), Buffer.from('\xe9.iso', 'latin1')])
  mkdirSync(mangled)
  const why = `${cwd}/d/e/\\xe9.iso: the name is not valid UTF-8`
  assert.deepEqual(problemsOf('d/**/*.iso', ['d/e/y.iso', 'd/x.iso']), [why])
  assert.deepEqual(problemsOf('d/e/*/y.iso', []), [why])
  symlinkSync('loop', join(cwd, 'loop'))
  const [loop] = problemsOf('*/x.iso', ['d/x.iso'])
  assert.match(loop ?? '', /\/loop\/x\.iso: too many symbolic links encountered$/)
  const only = [`${cwd}/loop: too many symbolic links encountered`]
  assert.deepEqual(problemsOf('*/', ['[1]/', 'd/']), only)
})

test('an alternative that begins at the root of the file system is not searched', (t) => {
  const cwd = makeScratch(t, { ...FILES, 'f/g/h.iso': '' })
  mkdirSync(Buffer.concat([Buffer.from(`${cwd}/f/g/`), Buffer.from('\xe9', 'latin1')]))
  const problems: string[] = []
  const find = (pattern: string) => expandGlob(pattern, cwd, (each) => problems.push(each.message))
  assert.deepEqual(find(`{${cwd}/f/g,d}/*/*.iso`), ['d/e/y.iso'])
  assert.deepEqual(find(`{${cwd}/f/g,}/*/*`), [])
  assert.deepEqual(problems, [])
})

test('braces behind a backslash are characters of a name', (t) => {
  const cwd = makeScratch(t, { '{a,b}.iso': '', 'a.iso': '' })
  assert.deepEqual(expandGlob('\\{a,b\\}.*', cwd, assert.ifError), ['{a,b}.iso'])
})
