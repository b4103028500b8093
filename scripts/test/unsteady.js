import { readFileSync } from 'node:fs'

const PATH = 'scripts/test/unsteady.json'

/** Whether a file may fail beside others: the list has its source with the reason. */
export function unsteadyFiles() {
  const reasons = JSON.parse(readFileSync(PATH, 'utf8'))
  return ({ source }) => typeof reasons[source] === 'string' && reasons[source] !== ''
}
