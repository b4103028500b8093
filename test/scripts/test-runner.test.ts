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

longTest('the program is built before all tests, and before those that start it', async (t) => {
  const tests = {
    'plain.test': PASSES,
    'starts.test': `import './support/start.js'\n${PASSES}`,
    'says.test': `// Needs the built program: it is copied\n${PASSES}`,
    'support/start': "import './executable.js'",
    'support/executable': '',
  }
  for (const [paths, done] of [
    [['plain'], 'compiles'],
    [['plain', 'starts'], 'builds'],
    [['says'], 'builds'],
    [[], 'builds'],
  ] as const) {
    const { status, stdout } = await runTests(t, tests, { args: ['--build', ...paths] })
    assert.deepEqual([status, stdout.split('\n')[0]], [0, done], paths.join(' '))
  }
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

test('a failure on a page shows the page without its styles and scripts', async (t) => {
  const page = `<style>\n${'p { color: red }\n'.repeat(1000)}</style><p>Good day</p><script>f()\n</script>`
  const source = `import assert from 'node:assert/strict'
import { test } from 'node:test'
const page = ${JSON.stringify(page)}
test('greets', () => assert.match(page, /Good night/))
test('names', () => assert.ok(page.includes('Bob'), 'no Bob in ' + page))`
  const { stdout } = await runTests(t, { 'page.test': source })
  const shown =
    /expression \/Good night\/\. Input:\n *<p>Good day<\/p>\n *expected: \/Good night\/\n *at /
  assert.match(stdout, shown)
  assert.match(stdout, /AssertionError .*: no Bob in <p>Good day<\/p>\s+at /)
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

longTest('words choose files by their path, --name tests by their title', async (t) => {
  const tests = { 'cache/a.test': PASSES, 'cache/b.test': PASSES, 'other.test': FAILS }
  const byPath = await runTests(t, tests, { args: ['cache/'] })
  assert.deepEqual([byPath.status, lastLine(byPath.stdout)], [0, '4 passed, 0 failed'])
  const byName = await runTests(t, tests, { args: ['--name', 'adds'] })
  assert.deepEqual([byName.status, lastLine(byName.stdout)], [0, '2 passed, 0 failed'])
})

longTest('a choice that leaves no test is no success', async (t) => {
  const tests = { 'a.test': PASSES }
  assert.equal((await runTests(t, tests, { args: ['--name', 'nothing is called so'] })).status, 1)
  const byPath = await runTests(t, tests, { args: ['a.', 'cahce'] })
  assert.equal(byPath.status, 2)
  assert.equal(byPath.stderr, 'no test file has cahce in its path\n')
})

longTest('long tests are run with --long alone, and say what they measured', async (t) => {
  const long = "import { test } from 'node:test'\ntest('soaks', (t) => t.diagnostic('9 kills'))\n"
  const declares = `import { test } from 'node:test'
test('quick', () => {})
const longTest = process.env.BTKIT_TEST_LONG === '1' ? test : () => {}
longTest('slow', () => {})
`
  const tests = { 'a.test': PASSES, 'b.long': long, 'c.test': declares }
  assert.equal(lastLine((await runTests(t, tests)).stdout), '3 passed, 0 failed')
  const { stdout } = await runTests(t, tests, { args: ['--long'] })
  assert.match(stdout, /^test\/b\.long\.ts: 9 kills$/m)
  assert.equal(lastLine(stdout), '3 passed, 0 failed')
})

/** A file that fails when it shares its process with another that ran before. */
const DISTURBED = `import assert from 'node:assert/strict'
import { test } from 'node:test'
test('finds all as it was', () => assert.equal(globalThis.left, undefined))
test('leaves something', () => { globalThis.left = 1 })
`

longTest('files of a folder share a process, but those that say that they must not', async (t) => {
  const alone = `// In a process of its own: looks at what is left\n${DISTURBED}`
  const tests = { 'a/1.test': DISTURBED, 'a/2.test': alone, 'b/1.test': DISTURBED }
  const apart = await runTests(t, tests)
  assert.deepEqual([apart.status, lastLine(apart.stdout)], [0, '6 passed, 0 failed'])
  const together = await runTests(t, { ...tests, 'a/3.test': DISTURBED })
  assert.match(together.stdout, /^FAILED test\/a\/[13]\.test\.ts: finds all as it was$/m)
})

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

longTest('a long test that fails is not run again', async (t) => {
  const { status, stdout } = await runTests(t, { 'a.long': FAILS }, { args: ['--long'] })
  assert.deepEqual([status, lastLine(stdout)], [1, '0 passed, 1 failed, 1 skipped'])
  assert.doesNotMatch(stdout, /once more and alone/)
})

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

longTest('tests of random input get a seed, which is told and can be given', async (t) => {
  const prints =
    "import { test } from 'node:test'\ntest('seed', (t) => { if (process.env.BTKIT_TEST_SEED !== '7') throw new Error(process.env.BTKIT_TEST_SEED) })\n"
  const given = await runTests(t, { 'a.test': prints }, { args: ['--seed', '7'] })
  assert.equal(given.status, 0)
  assert.match(given.stdout, /, seed 7$/m)
  const drawn = await runTests(t, { 'a.test': prints })
  const seed = /Error: (\d+)$/m.exec(drawn.stdout)?.[1]
  assert.match(drawn.stdout, new RegExp(`, seed ${seed}$`, 'm'))
})
