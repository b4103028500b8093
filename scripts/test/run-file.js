import { resolve } from 'node:path'
import { run } from 'node:test'

// What node says at the end of every run
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/
// What Node 20 says of a test that `names` leaves out; later ones say nothing
const LEFT_OUT = 'test name does not match pattern'

/**
 * Runs one compiled test file for at most `limit` ms, and of its tests those that a pattern of
 * `names` matches, if there are any. `failed` holds titles with errors, `skipped` reasons,
 * `notes` what the tests told node:test.
 */
export async function runFile(path, { limit, names }) {
  const result = { passed: 0, skipped: [], failed: [], notes: [], output: '', seconds: 0 }
  if (limit <= 0) {
    result.failed.push({ title: 'the file', error: 'not run: the time for all files is over' })
    return result
  }
  const start = performance.now()
  const file = resolve(path)
  // Ends the process of a test that hangs, which a time-out of node:test would leave
  const signal = AbortSignal.timeout(limit)
  const patterns = names.length > 0 ? { testNamePatterns: names } : {}
  const titles = []
  for await (const { type, data } of run({ files: [file], signal, ...patterns })) {
    if (type === 'test:start') titles[data.nesting] = data.name
    const title = [...titles.slice(0, data.nesting), data.name].join(' > ')
    if (data.name === file) countFile(result, { type, data, limit, names })
    else count(result, { type, data, title })
  }
  result.seconds = (performance.now() - start) / 1000
  return result
}

function count(result, { type, data, title }) {
  if (type === 'test:stdout' || type === 'test:stderr') result.output += data.message
  if (type === 'test:diagnostic' && !SUMMARY.test(data.message)) result.notes.push(data.message)
  if (data.details?.type === 'suite' || data.skip === LEFT_OUT) return
  const { skip, todo } = data
  if (type === 'test:pass' || (type === 'test:fail' && isSet(todo))) {
    if (isSet(skip) || isSet(todo)) result.skipped.push(reasonOf(skip, todo))
    else result.passed++
  } else if (type === 'test:fail' && !hasFailedChild(data)) {
    result.failed.push({ title, error: data.details.error.cause ?? data.details.error })
  }
}

/** node:test tells of a file as of a test when that is all there is to tell. */
function countFile(result, { type, data, limit, names }) {
  if (type === 'test:fail' && !hasFailedChild(data)) {
    result.failed.push({ title: 'the file', error: whyFileFailed(data.details.error, limit) })
  } else if (type === 'test:pass' && names.length === 0) {
    result.failed.push({ title: 'the file', error: 'ended before any of its tests had' })
  }
}

function whyFileFailed(error, limit) {
  if (error.failureType === 'testAborted') return `not done after ${Math.round(limit / 1000)} s`
  if (error.signal) return `killed by ${error.signal}`
  return `ended with exit status ${error.exitCode}`
}

function hasFailedChild(data) {
  return data.details.error.failureType === 'subtestsFailed'
}

function isSet(flag) {
  return flag !== undefined && flag !== false
}

function reasonOf(skip, todo) {
  const reason = [skip, todo].find((flag) => typeof flag === 'string' && flag !== '')
  return reason ?? (isSet(todo) ? 'to be done' : 'no reason given')
}
