import { inspect } from 'node:util'

/** The title of the test that comes after all tests of a file. */
export const END_OF_FILE = 'end of the file'

// An error that shows a whole buffer says it by its beginning
const ERROR_LIMIT = 20_000

const TOLD = new Set(['test:dequeue', 'test:start', 'test:pass', 'test:fail', 'test:diagnostic'])

/** A reporter for node:test that sends the parent process what it needs, errors as text. */
export default async function* tellParent(events) {
  for await (const { type, data } of events) {
    if (!TOLD.has(type)) continue
    const { name, nesting, message, skip, todo, details } = data
    const event = { type, name, nesting, message, skip, todo, isSuite: details?.type === 'suite' }
    const error = details?.error
    if (error) {
      event.isOfChild = error.failureType === 'subtestsFailed'
      event.error = inspect(error.cause ?? error, { breakLength: 100 }).slice(0, ERROR_LIMIT)
    }
    process.send(event)
    // Nothing is written: standard output is the tests'
    yield ''
  }
}
