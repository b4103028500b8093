// Runs the compiled tests and reports what failed. Build first. With CI=true, a file that fails and
// then passes alone fails the run, unless scripts/test/unsteady.json names it and the reason.
//
//   node scripts/test.js [--long] [--name PATTERN] [--jobs N] [--node PATH] [--seed N]
//                        [--test-limit SECONDS] [PART OF A PATH ...]
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { findTests } from './test/find-tests.js'
import { groupTests } from './test/group-tests.js'
import { KeptTimes } from './test/kept-times.js'
import { Report } from './test/report.js'
import { runGroup } from './test/run-group.js'
import { unsteadyFiles } from './test/unsteady.js'

const MINUTE = 60_000
const SUITE = { suffix: '.test.ts', testLimit: 5 * MINUTE, limit: 60 * MINUTE }
// So many files that fail are run again: of more, something is broken
const REPEATED = 5
// Soaks: one at a time, since each wants the machine for itself
const LONG = { suffix: '.long.ts', testLimit: 10 * MINUTE, limit: 45 * MINUTE }

try {
  process.exitCode = await main(readArguments())
} catch (error) {
  console.error(error.message)
  process.exitCode = 2
}

async function main({ values, positionals }) {
  const { suffix, limit, ...kind } = values.long ? LONG : SUITE
  const testLimit = values.testLimit ?? kind.testLimit
  const times = new KeptTimes()
  const groups = groupTests(findTests(suffix, positionals), times)
  // Most wait for disks and other programs, more than they use the processor
  const jobs = values.jobs ?? (values.long ? 1 : 2 * availableParallelism())
  const report = new Report(groups.flat(), {
    isLong: values.long,
    isTerminal: process.stdout.isTTY,
    mayBeUnsteady: process.env['CI'] === 'true' ? unsteadyFiles() : () => true,
  })
  // Tests of random input take it from here, so that a failure can be had again
  process.env['BTKIT_TEST_SEED'] = values.seed
  const deadline = Date.now() + limit
  const run = (files, add) =>
    runGroup(files, { node: values.node, names: values.name, testLimit, deadline }, add)

  const waiting = groups.values()
  const work = async () => {
    for (const files of waiting) await run(files, (file, result) => report.add(file, result))
  }
  await Promise.all(Array.from({ length: jobs }, work))
  // Files that fail beside others run again alone, and both results are reported
  const failed = values.long ? [] : report.failedFiles()
  for (const file of failed.length > REPEATED ? [] : failed) {
    await run([file], (_, result) => report.addRepeated(file, result))
  }
  if (values.name.length === 0) times.keep(report.seconds())
  return report.end(`seed ${values.seed}`)
}

function readArguments() {
  const options = {
    long: { type: 'boolean', default: false },
    name: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    'test-limit': { type: 'string' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
  }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const jobs = wholeNumber(values, 'jobs')
  const seconds = wholeNumber(values, 'test-limit')
  const testLimit = seconds === undefined ? undefined : seconds * 1000
  wholeNumber(values, 'seed')
  return { values: { ...values, jobs, testLimit }, positionals }
}

function wholeNumber(values, name) {
  const value = values[name]
  if (value === undefined || /^[1-9]\d{0,9}$/.test(value)) return value && Number(value)
  throw new Error(`--${name} ${value}: not a whole number above 0`)
}
