import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot, runProgram } from '../support/programs.js'
import { longTest } from '../support/long.js'
import { makeScratch } from '../support/scratch.js'

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
interface RunOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

async function runTests(
  t: Parameters<typeof makeScratch>[0],
  tests: Readonly<Record<string, string>>,
  { args = [], env = {} }: RunOptions = {},
) {
  const files: Record<string, string> = {
    'package.json': '{"type":"module","scripts":{"compile":"echo compiles","build":"echo builds"}}',
  }
  for (const [name, source] of Object.entries(tests)) {
    files[`test/${name}.ts`] = source
    files[`dist/test/${name}.js`] = source
  }
  // Compiled from a source that has gone
  files['dist/test/gone.test.js'] = FAILS
  const script = join(projectRoot, 'scripts', 'test.js')
  return runProgram(process.execPath, [script, ...args], {
    cwd: makeScratch(t, files),
    env,
  })
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1)
}

test('test files are run, and nothing else', async (t) => {
  const { status, stdout } = await runTests(t, { 'a/adds.test': PASSES, 'a/helper': FAILS })
  assert.equal(status, 0)
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

longTest('a file that ends before its tests, or by a status of its own, fails', async (t) => {
  const { status, stdout } = await runTests(t, {
    'early.test': `${PASSES}\nprocess.exit(0)`,
    'status.test': `${PASSES}\nprocess.on('exit', () => { process.exitCode = 3 })`,
    'throws.test': "throw new Error('no such thing')",
    'late.test': `${PASSES}\ntest('waits', () => new Promise(() => setImmediate(() => nothing())))`,
  })
  assert.equal(status, 1)
  assert.match(stdout, /early\.test\.ts: the file\n {2}ended before its tests had\n/)
  assert.match(stdout, /status\.test\.ts: the file\n {2}ended with exit status 3\n/)
  assert.match(stdout, /Error: no such thing/)
  assert.match(stdout, /status 7: nobody caught an error; what began last: waits\n/)
  assert.match(stdout, /ReferenceError: nothing is not defined/)
  assert.equal(lastLine(stdout), '4 passed, 4 failed')
})

longTest('a choice that leaves no test is no success', async (t) => {
  const tests = { 'a.test': PASSES }
  assert.equal((await runTests(t, tests, { args: ['--name', 'nothing is called so'] })).status, 1)
  const byPath = await runTests(t, tests, { args: ['a.', 'cahce'] })
  assert.equal(byPath.status, 2)
  assert.equal(byPath.stderr, 'no test file has cahce in its path\n')
})

/** A file that fails when it shares its process with another that ran before. */
const DISTURBED = `import assert from 'node:assert/strict'
import { test } from 'node:test'
test('finds all as it was', () => assert.equal(globalThis.left, undefined))
test('leaves something', () => { globalThis.left = 1 })
`

longTest(
  'a file that fails and passes alone is reported as unsteady; four fail the run',
  async (t) => {
    const folder = (name: string) => ({
      [`${name}/1.test`]: DISTURBED,
      [`${name}/2.test`]: DISTURBED,
    })
    const three = { ...folder('a'), ...folder('b'), ...folder('c') }
    const { status, stdout } = await runTests(t, three)
    assert.deepEqual([status, lastLine(stdout)], [0, '12 passed, 0 failed'])
    assert.match(stdout, /^test\/a\/[12]\.test\.ts, once more and alone: 2 passed, 0 failed$/m)
    assert.equal(
      stdout.match(/^unsteady: test\/[abc]\/[12]\.test\.ts: finds all as it was$/gm)?.length,
      3,
    )
    const four = await runTests(t, { ...three, ...folder('d') })
    assert.deepEqual([four.status, lastLine(four.stdout)], [1, '16 passed, 4 failed'])
    const strict = await runTests(t, folder('a'), { env: { BTKIT_TEST_UNSTEADY: '0' } })
    assert.deepEqual([strict.status, lastLine(strict.stdout)], [1, '4 passed, 1 failed'])
  },
)

longTest('a crash fails its file, and those after it run all the same', async (t) => {
  const { status, stdout } = await runTests(t, {
    'a/1.test': PASSES,
    'a/2.test': "process.kill(process.pid, 'SIGKILL')",
    'a/3.test': PASSES,
  })
  assert.equal(status, 1)
  assert.match(stdout, /a\/2\.test\.ts: the file\n {2}killed by SIGKILL\n/)
  assert.equal(lastLine(stdout), '4 passed, 1 failed')
})

longTest('a test that never ends is stopped and named', async (t) => {
  const hangs =
    "import { test } from 'node:test'\ntest('waits', async () => { setInterval(() => {}, 9); await new Promise(() => {}) })\n"
  const { status, stdout } = await runTests(
    t,
    { 'a/1.test': hangs, 'a/2.test': PASSES },
    { args: ['--test-limit', '2'] },
  )
  assert.equal(status, 1)
  assert.match(stdout, /a\/1\.test\.ts: the file\n {2}nothing for 2 s; what began last: waits\n/)
  assert.equal(lastLine(stdout), '2 passed, 1 failed')
})

longTest('a file that leaves something running is stopped and named', async (t) => {
  const stays = `${PASSES}\nsetInterval(() => {}, 9)\n`
  const { status, stdout } = await runTests(t, { 'a.test': stays }, { args: ['--test-limit', '2'] })
  assert.equal(status, 1)
  const why = 'its tests are over, but its process did not end within 2 s'
  assert.ok(stdout.includes(`a.test.ts: the file\n  ${why}\n`), stdout)
})
