import { existsSync, readFileSync } from 'node:fs'

// Of the tree whose tests are run
const PATH = 'scripts/test/unsteady.json'

/** Whether a file may fail beside others: the list has its source with the reason. */
export function unsteadyFiles() {
  const reasons = existsSync(PATH) ? JSON.parse(readFileSync(PATH, 'utf8')) : {}
  return ({ source }) => typeof reasons[source] === 'string' && reasons[source] !== ''
}
