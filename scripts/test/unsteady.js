import { readFileSync } from 'node:fs'

// Beside this file: the tests of another tree may be run
const PATH = new URL('unsteady.json', import.meta.url)

/** Whether a file may fail beside others: the list has its source with the reason. */
export function unsteadyFiles() {
  const reasons = JSON.parse(readFileSync(PATH, 'utf8'))
  return ({ source }) => typeof reasons[source] === 'string' && reasons[source] !== ''
}
