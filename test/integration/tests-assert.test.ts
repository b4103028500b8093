import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { projectRoot, runProgram } from '../support/executable.js'
import { makeScratch } from '../support/scratch.js'

const RULE = pathToFileURL(join(projectRoot, 'scripts/lint/tests-assert.js')).href

const CONFIG = `import tseslint from 'typescript-eslint'
import { testsAssert } from '${RULE}'
export default [{
  files: ['test/*.ts'],
  languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
  plugins: { btkit: { rules: { 'tests-assert': testsAssert } } },
  rules: { 'btkit/tests-assert': 'error' },
}]
`

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
    'eslint.config.js': CONFIG,
    'test/helpers.ts': HELPERS,
    'test/a.test.ts': TESTS,
  })
  symlinkSync(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  const eslint = join(projectRoot, 'node_modules/eslint/bin/eslint.js')
  const args = [eslint, '--format', 'json', 'test/a.test.ts']
  const { stdout, stderr } = await runProgram(process.execPath, args, { cwd: directory })
  assert.equal(stderr, '')
  const [file] = JSON.parse(stdout) as { messages: { line: number; message: string }[] }[]
  const expected = TESTS.split('\n').flatMap((line, i) => (line.endsWith('nothing') ? [i + 1] : []))
  assert.deepEqual(
    file?.messages.map(({ line }) => line),
    expected,
  )
})
