// Runs the compiled tests, each file in a process of its own, and reports what failed. Build first.
//
//   node scripts/test.js [--long] [--name PATTERN] [--jobs N] [--node PATH] [PART OF A PATH ...]
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { findTests } from './test/find-tests.js'
import { Report } from './test/report.js'
import { runFile } from './test/run-file.js'

const MINUTE = 60_000
const SUITE = { suffix: '.test.ts', fileLimit: 10 * MINUTE, limit: 60 * MINUTE }
// So many files that fail are run again: of more, something is broken
const REPEATED = 5
// Soaks: one at a time, since each wants the machine for itself
const LONG = { suffix: '.long.ts', fileLimit: 10 * MINUTE, limit: 20 * MINUTE }

try {
  process.exitCode = await main(readArguments())
} catch (error) {
  console.error(error.message)
  process.exitCode = 2
}

async function main({ values, positionals }) {
  const kind = values.long ? LONG : SUITE
  // node:test starts this for each file
  process.execPath = values.node
  const files = findTests(kind.suffix, positionals)
  const report = new Report(files, { isLong: values.long, isTerminal: process.stdout.isTTY })
  const jobs = values.jobs ?? (values.long ? 1 : Math.max(2, availableParallelism()))
  const deadline = Date.now() + kind.limit
  const waiting = files.values()
  const work = async () => {
    for (const file of waiting) {
      const limit = Math.min(kind.fileLimit, deadline - Date.now())
      report.add(file, await runFile(file.compiled, { limit, names: values.name }))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  // What fails beside others gets the machine for itself, and both results are told
  const failed = jobs > 1 ? report.failedFiles() : []
  for (const file of failed.length > REPEATED ? [] : failed) {
    const limit = Math.min(kind.fileLimit, deadline - Date.now())
    report.addRepeated(file, await runFile(file.compiled, { limit, names: values.name }))
  }
  return report.end()
}

function readArguments() {
  const options = {
    long: { type: 'boolean', default: false },
    name: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string' },
    node: { type: 'string', default: process.execPath },
  }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const jobs = values.jobs === undefined ? undefined : Number(values.jobs)
  if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0)) {
    throw new Error(`--jobs ${values.jobs}: not a number of files to run at once`)
  }
  return { values: { ...values, jobs }, positionals }
}
