import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds that anything may take which a test waits for, on the slowest of machines. */
const LIMIT = 120_000

/** Waits until something is so, and fails with `what` if that takes more than two minutes. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT
  while (!(await isSo())) {
    if (performance.now() > end) assert.fail(`not in time: ${what}`)
    await setTimeout(10)
  }
}
