// Runs test files one after another in this process: node --test-reporter ... THIS FILE ...
import asyncHooks from 'node:async_hooks'
import { pathToFileURL } from 'node:url'
import v8 from 'node:v8'
import { chooseKernel } from '../../dist/src/disk/hash/kernels.js'
import { followRuns } from './follow-runs.js'
import { BEGIN_OF_FILE, END_OF_FILE } from './tell-parent.js'

// Most code of tests runs too seldom to be worth optimizing, which takes a tenth of their processor
// time. Later versions of Node have no such flag. A process without flags of its own may measure
// itself.
const isShared = process.execArgv.includes('--single-threaded-gc')
if (isShared && process.version.startsWith('v20.'))
  v8.setFlagsFromString('--interrupt-budget=1200000')

// node:test follows each promise, to know which test an error is of that nobody caught. That takes
// a sixth of the processor time of all tests. Here one test runs at a time, and such an error ends
// the process.
const { createHook } = asyncHooks
asyncHooks.createHook = () => ({ enable: () => undefined, disable: () => undefined })
const { test } = await import('node:test')
asyncHooks.createHook = createHook
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, endWith)

// Nobody is told any more: tests that wait for events would wait for ever
process.on('disconnect', () => process.exit(1))
// The listener itself must not keep the process
process.channel?.unref()

const takeRuns = process.env['BTKIT_TEST_MAP'] === '1' ? followRuns() : null

for (const path of process.argv.slice(2)) await runFile(path)

function endWith(error) {
  console.error(error)
  process.exit(7)
}

/**
 * Ends when all tests of the file have: those of one level run one after another. None begins
 * before the whole file was evaluated.
 */
async function runFile(path) {
  let thrown = null
  let begin
  const evaluated = new Promise((resolve) => (begin = resolve))
  void test(BEGIN_OF_FILE, () => evaluated)
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    thrown = { error }
  }
  begin()
  await test(END_OF_FILE, () => {
    // Not the one that the file chose: node:crypto hashes on threads that take long to start
    chooseKernel()
    if (takeRuns) process.send(['ran', takeRuns()])
    if (thrown) throw thrown.error
  })
}
