import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { END_OF_FILE } from './tell-parent.js'

// Lines that node prints at the end of every run
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/
// Node 20's report of a test that `names` leaves out; later versions report nothing
const LEFT_OUT = 'test name does not match pattern'

/**
 * Runs compiled test files one after another in one process, and adds the result of each: `failed`
 * holds titles with errors, `skipped` reasons, `notes` what the tests told node:test. A file that
 * ends the process, or is silent for `testLimit` ms, fails; those after it get another process.
 */
export async function runGroup(files, options, add) {
  for (let left = files; left.length > 0;) {
    if (Date.now() < options.deadline) {
      left = await runProcess(left, options, add)
    } else {
      const result = failed(newResult(), 'not run: the time for all files is over')
      for (const file of left.splice(0)) add(file, result)
    }
  }
}

/** Runs as many of these files as the process lives for, and returns the others. */
async function runProcess(files, options, add) {
  const child = start(files, options)
  const results = [newResult()]
  let begun = performance.now()
  let anyFailed = false
  let killedFor = null
  const kill = (reason) => {
    killedFor = reason
    child.kill('SIGKILL')
  }
  const silence = setTimeout(() => {
    const seconds = options.testLimit / 1000
    const begun = results.at(-1).begun
    const isOver = results.length > files.length
    if (isOver) kill(`its tests are over, but its process did not end within ${seconds} s`)
    else kill(`nothing for ${seconds} s; what began last: ${begun}`)
  }, options.testLimit)
  const end = setTimeout(kill, options.deadline - Date.now(), 'the time for all files is over')

  child.stdout.on('data', (text) => (results.at(-1).output += text))
  child.stderr.on('data', (text) => (results.at(-1).output += text))
  child.on('message', (event) => {
    silence.refresh()
    const result = results.at(-1)
    count(result, event)
    if (!isEndOfFile(event)) return
    if (sizeOf(result) === 0 && options.names.length === 0) failed(result, 'has no tests')
    anyFailed ||= result.failed.length > 0
    result.seconds = (performance.now() - begun) / 1000
    begun = performance.now()
    // The last file is reported when the process has ended without an error
    if (results.length < files.length) add(files[results.length - 1], result)
    results.push(newResult())
  })
  const [status, signal] = await endOf(child)
  clearTimeout(silence)
  clearTimeout(end)

  const isDone = results.length > files.length
  const last = isDone ? results.at(-2) : results.at(-1)
  if (!isDone) last.seconds = (performance.now() - begun) / 1000
  const isWell = isDone && (status === 0 || (status === 1 && anyFailed))
  if (!isWell) failed(last, killedFor ?? whyEnded(status, signal))
  add(files[isDone ? files.length - 1 : results.length - 1], last)
  return files.slice(results.length)
}

function start(files, { node, names }) {
  const patterns = names.length > 0 ? [...names, `/^${END_OF_FILE}$/`] : []
  const args = [
    `--test-reporter=${here('tell-parent.js')}`,
    '--test-reporter-destination=stdout',
    ...patterns.map((pattern) => `--test-name-pattern=${pattern}`),
    here('group-process.js'),
    ...files.map(({ compiled }) => resolve(compiled)),
  ]
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  child.stdout.setEncoding('utf8')
  child.stderr.setEncoding('utf8')
  return child
}

function here(name) {
  return fileURLToPath(new URL(name, import.meta.url))
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
  const lists = { skipped: [], failed: [], notes: [] }
  return { passed: 0, ...lists, output: '', seconds: 0, titles: [], begun: 'nothing' }
}

function sizeOf({ passed, failed, skipped }) {
  return passed + failed.length + skipped.length
}

function failed(result, error) {
  result.failed.push({ title: 'the file', error })
  return result
}

function isEndOfFile({ type, name, nesting }) {
  return (type === 'test:pass' || type === 'test:fail') && nesting === 0 && name === END_OF_FILE
}

function count(result, { type, name, nesting, message, skip, todo, error, isSuite, isOfChild }) {
  const title = [...result.titles.slice(0, nesting), name].join(' > ')
  if (type === 'test:dequeue') result.begun = name
  if (type === 'test:start') result.titles[nesting] = name
  if (type === 'test:diagnostic' && !SUMMARY.test(message)) result.notes.push(message)
  if (isSuite || skip === LEFT_OUT) return
  const isEnd = nesting === 0 && name === END_OF_FILE
  if (type === 'test:pass' || (type === 'test:fail' && isSet(todo))) {
    if (isSet(skip) || isSet(todo)) result.skipped.push(reasonOf(skip, todo))
    else if (!isEnd) result.passed++
  } else if (type === 'test:fail' && !isOfChild) {
    result.failed.push({ title: isEnd ? 'the file' : title, error })
  }
}

function whyEnded(status, signal) {
  if (signal) return `killed by ${signal}`
  return status === 0 ? 'ended before its tests had' : `ended with exit status ${status}`
}

function isSet(flag) {
  return flag !== undefined && flag !== false
}

function reasonOf(skip, todo) {
  const reason = [skip, todo].find((flag) => typeof flag === 'string' && flag !== '')
  return reason ?? (isSet(todo) ? 'to be done' : 'no reason given')
}
