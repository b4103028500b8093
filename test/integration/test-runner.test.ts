import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot, runProgram } from '../support/executable.js'
import { makeScratch, type Files } from '../support/scratch.js'

const PASSES = "import { test } from 'node:test'\ntest('adds', () => {})\ntest('takes', () => {})\n"

const FAILS = `import assert from 'node:assert/strict'
import { test } from 'node:test'
console.log('said on the way')
test('counts', async (t) => {
  await t.test('down', () => assert.equal(1, 2))
})
test('later', { skip: 'no time' }, () => {})
`

/** Runs the runner where these are the tests: source of each, without test/ and extension. */
async function runTests(t: Parameters<typeof makeScratch>[0], tests: Files, args: string[] = []) {
  const files: Record<string, string | Uint8Array> = { 'package.json': '{"type":"module"}' }
  for (const [name, source] of Object.entries(tests)) {
    files[`test/${name}.ts`] = source
    files[`dist/test/${name}.js`] = source
  }
  // Compiled from a source that has gone
  files['dist/test/gone.test.js'] = FAILS
  const script = join(projectRoot, 'scripts', 'test.js')
  return runProgram(process.execPath, [script, ...args], { cwd: makeScratch(t, files) })
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1)
}

test('test files are run, and nothing else', async (t) => {
  const { status, stdout } = await runTests(t, { 'a/adds.test': PASSES, 'a/helper': FAILS })
  assert.equal(status, 0)
  assert.match(stdout, /^test\/a: 2 passed, 0 failed \(/m)
  assert.equal(lastLine(stdout), '2 passed, 0 failed')
})

test('failures are told again at the end, each with its error and what its file wrote', async (t) => {
  const { status, stdout } = await runTests(t, { 'a.test': FAILS, 'b.test': PASSES })
  assert.equal(status, 1)
  assert.match(stdout, /^FAILED test\/a\.test\.ts: counts > down$/m)
  const [, end = ''] = stdout.split('\nFailures:\n')
  assert.match(end, /test\/a\.test\.ts: counts > down\n {2}AssertionError .*\n/)
  assert.match(end, /test\/a\.test\.ts wrote:\n {2}said on the way\n/)
  assert.match(end, /\nSkipped:\n {2}1 x no time\n/)
  assert.equal(lastLine(stdout), '2 passed, 1 failed, 1 skipped')
})

test('a file that ends before its tests, or by a status of its own, fails', async (t) => {
  const { status, stdout } = await runTests(t, {
    'early.test': `${PASSES}\nprocess.exit(0)`,
    'status.test': `${PASSES}\nprocess.on('exit', () => { process.exitCode = 3 })`,
    'throws.test': "throw new Error('no such thing')",
  })
  assert.equal(status, 1)
  assert.match(stdout, /early\.test\.ts: the file\n {2}ended before any of its tests had\n/)
  assert.match(stdout, /status\.test\.ts: the file\n {2}ended with exit status 3\n/)
  assert.match(stdout, /Error: no such thing/)
  assert.equal(lastLine(stdout), '2 passed, 3 failed')
})

test('words choose files by their path, --name tests by their title', async (t) => {
  const tests = { 'cache/a.test': PASSES, 'cache/b.test': PASSES, 'other.test': FAILS }
  const byPath = await runTests(t, tests, ['cache/'])
  assert.deepEqual([byPath.status, lastLine(byPath.stdout)], [0, '4 passed, 0 failed'])
  const byName = await runTests(t, tests, ['--name', 'adds'])
  assert.deepEqual([byName.status, lastLine(byName.stdout)], [0, '2 passed, 0 failed'])
})

test('a choice that leaves no test is no success', async (t) => {
  const byName = await runTests(t, { 'a.test': PASSES }, ['--name', 'nothing is called so'])
  assert.equal(byName.status, 1)
  const byPath = await runTests(t, { 'a.test': PASSES }, ['a.', 'cahce'])
  assert.equal(byPath.status, 2)
  assert.match(byPath.stderr, /^no test file .* has cahce in its path\n$/)
})

test('long tests are run with --long alone, and say what they measured', async (t) => {
  const long = "import { test } from 'node:test'\ntest('soaks', (t) => t.diagnostic('9 kills'))\n"
  const tests = { 'a.test': PASSES, 'b.long': long }
  assert.equal(lastLine((await runTests(t, tests)).stdout), '2 passed, 0 failed')
  const { stdout } = await runTests(t, tests, ['--long'])
  assert.match(stdout, /^test\/b\.long\.ts: 9 kills$/m)
  assert.equal(lastLine(stdout), '1 passed, 0 failed')
})
