import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot, runProgram } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const SCRIPT = join(projectRoot, 'scripts/lint/tests-assert.js')

const HELPERS = `import assert from 'node:assert/strict'
export class Shop {
  readonly count = () => 2
  check() { assert.ok(this.count()) }
}
export const isRight = (n: number) => { assert.equal(n, 1) }
export const counted = (assert.ok(true), 1)
`

const TESTS = `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Shop, isRight, counted } from './helpers.js'
test('itself', () => { assert.ok(true) })
test('by a function', () => { isRight(1) })
test('by a method', () => { new Shop().check() })
test('by a function passed on', () => { [1].forEach(isRight) })
test('by a subtest', async (t) => { await t.test('inner', () => { assert.ok(true) }) })
test('skipped', { skip: 'not here' })
test('of a class with a method that does', () => { new Shop().count() }) // nothing
test('of a value that was checked', () => { counted + 1 }) // nothing
test('of nothing', { timeout: 10 }, () => { Math.abs(1) }) // nothing
`

test('a test without an assertion is found, and no other', async (t) => {
  const directory = makeScratch(t, {
    'package.json': '{"type":"module"}',
    'tsconfig.json': '{"compilerOptions":{"module":"nodenext","types":["node"],"strict":true}}',
    'test/helpers.ts': HELPERS,
    'test/a.test.ts': TESTS,
  })
  symlinkSync(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  const { stdout, stderr, status } = await runProgram(process.execPath, [SCRIPT], {
    cwd: directory,
  })
  assert.equal(stderr, '')
  const expected = TESTS.split('\n').flatMap((line, i) => (line.endsWith('nothing') ? [i + 1] : []))
  const found = stdout.matchAll(/^test\/a\.test\.ts:(\d+): this test asserts nothing/gm)
  assert.deepEqual(
    Array.from(found, ([, line]) => Number(line)),
    expected,
  )
  assert.equal(status, 1)
})
