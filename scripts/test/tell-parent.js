import { inspect } from 'node:util'

/** The titles of the tests that come before and after all tests of a file. */
export const BEGIN_OF_FILE = 'begin of the file'
export const END_OF_FILE = 'end of the file'

// An error that shows a whole buffer is cut
const ERROR_LIMIT = 20_000
// What buries the text of a page that a test looked into
const STYLES = /<(style|script)\b[^>]*>[^]*?<\/\1>\n?/g
// Lines that node prints at the end of every run
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/
// Node 20's report of a test that `--name` leaves out; later versions report nothing
const LEFT_OUT = 'test name does not match pattern'

/** A reporter for node:test that sends the parent process what happened, as kind and value. */
export default async function* tellParent(events) {
  const titles = []
  for await (const { type, data } of events) {
    if (type === 'test:start') titles[data.nesting] = data.name
    for (const message of messagesOf(type, data, titles)) process.send(message)
    // Nothing is written: standard output is the tests'
    yield ''
  }
}

function* messagesOf(type, { name, nesting, message, skip, todo, details }, titles) {
  if (type === 'test:dequeue') yield ['begun', name]
  if (type === 'test:diagnostic' && !SUMMARY.test(message)) yield ['notes', message]
  if (type !== 'test:pass' && type !== 'test:fail') return
  if (nesting === 0 && name === BEGIN_OF_FILE) return
  const isEnd = nesting === 0 && name === END_OF_FILE
  const error = details?.error
  const reason = [skip, todo].find((flag) => flag !== undefined && flag !== false)
  if (details?.type === 'suite' || skip === LEFT_OUT) {
    // Counted by its tests, or not at all
  } else if (reason !== undefined) {
    yield ['skipped', typeof reason === 'string' && reason !== '' ? reason : 'no reason given']
  } else if (type === 'test:pass') {
    if (!isEnd) yield ['passed']
  } else if (error?.failureType !== 'subtestsFailed') {
    const title = isEnd ? 'the file' : [...titles.slice(0, nesting), name].join(' > ')
    yield ['failed', { title, error: textOf(error?.cause ?? error).slice(0, ERROR_LIMIT) }]
  }
  if (isEnd) yield ['end']
}

/** An error for people. One about a page says what was looked for, and shows the page. */
function textOf(error) {
  const { actual, expected, message, stack } = error ?? {}
  const page = typeof actual === 'string' ? actual.replaceAll(STYLES, '') : actual
  if (page === actual) return inspect(error, { breakLength: 100 }).replaceAll(STYLES, '')
  const frames = stack.slice(stack.indexOf('\n    at '))
  return `${message.split('\n')[0]}\n${page}\nexpected: ${inspect(expected)}${frames}`
}
