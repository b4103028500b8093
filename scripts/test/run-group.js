import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BEGIN_OF_FILE, END_OF_FILE } from './tell-parent.js'

// Tests make much that lives for a moment: collected seldom, and without threads that wait for each
// other, it takes a tenth less processor time. V8 refuses compiled code of a process with other
// flags.
const GARBAGE = ['--min-semi-space-size=64', '--max-semi-space-size=64', '--single-threaded-gc']

/**
 * Runs compiled test files one after another in one process, and adds the result of each. A file
 * that ends the process, or is silent for `testLimit` ms, fails; others get another process.
 */
export async function runGroup(files, options, add) {
  for (let left = files; left.length > 0;) left = await runProcess(left, options, add)
}

/** Runs as many of these files as the process lives for, and returns the others. */
async function runProcess(files, { node, name: names, testLimit }, add) {
  const results = [newResult()]
  const child = start(files, { node, names })
  let anyFailed = false
  let killedFor = null
  const silence = setTimeout(() => {
    const limit = `${testLimit / 1000} s`
    killedFor =
      results.length > files.length
        ? `its tests are over, but its process did not end within ${limit}`
        : `nothing for ${limit}; what began last: ${results.at(-1).begun}`
    child.kill('SIGKILL')
  }, testLimit)
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (results.at(-1).output += text))
  child.on('message', ([kind, value]) => {
    silence.refresh()
    const result = results.at(-1)
    if (kind === 'begun') result.begun = value
    else if (kind === 'passed') result.passed++
    else if (kind === 'ran') result.ran = value
    else if (kind !== 'end') result[kind].push(value)
    if (kind !== 'end') return
    const { passed, failed, skipped } = result
    if (passed + failed.length + skipped.length === 0 && names.length === 0)
      fail(result, 'has no tests')
    anyFailed ||= failed.length > 0
    result.seconds = (performance.now() - result.start) / 1000
    // The last file is reported when the process has ended without an error
    if (results.length < files.length) add(files[results.length - 1], result)
    results.push(newResult())
  })
  const [status, signal] = await endOf(child)
  clearTimeout(silence)

  const isDone = results.length > files.length
  const last = results.at(isDone ? -2 : -1)
  if (!isDone) last.seconds = (performance.now() - last.start) / 1000
  if (!isDone || (status !== 0 && !(status === 1 && anyFailed))) {
    const ended = status === 0 ? 'ended before its tests had' : `ended with exit status ${status}`
    const why = killedFor ?? (signal ? `killed by ${signal}` : ended)
    fail(
      last,
      status === 7 ? `${why}: nobody caught an error; what began last: ${last.begun}` : why,
    )
  }
  add(files[isDone ? files.length - 1 : results.length - 1], last)
  return files.slice(results.length)
}

function start(files, { node, names }) {
  const here = (name) => fileURLToPath(new URL(name, import.meta.url))
  const own = [BEGIN_OF_FILE, END_OF_FILE].map((title) => `/^${title}$/`)
  const patterns = names.length > 0 ? [...names, ...own] : []
  const args = [
    ...(files[0].isOwn ? [] : GARBAGE),
    `--test-reporter=${here('tell-parent.js')}`,
    '--test-reporter-destination=stdout',
    ...patterns.map((pattern) => `--test-name-pattern=${pattern}`),
    here('group-process.js'),
    ...files.map(({ compiled }) => resolve(compiled)),
  ]
  return spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
}

/** Exit status and signal, when all was received that the process sent and, in a second, wrote. */
async function endOf(child) {
  const closed = once(child, 'close')
  const [ended] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  // Processes that the tests left running may hold the pipes
  await Promise.race([closed, wait(1000)])
  return ended
}

function newResult() {
  const lists = { failed: [], skipped: [], notes: [] }
  return {
    passed: 0,
    ...lists,
    ran: {},
    output: '',
    seconds: 0,
    start: performance.now(),
    begun: 'nothing',
  }
}

function fail(result, error) {
  result.failed.push({ title: 'the file', error })
}
