import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds that anything may take which a test waits for, on the slowest of machines. */
const LIMIT = 120_000

/**
 * Milliseconds between two looks at the most: a look may be a request, which costs time of the
 * processor.
 */
const LONGEST_PAUSE = 50

/**
 * Looks until there is something else than false, null or undefined, and resolves with that. Fails
 * with `what` after two minutes.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + LIMIT
  for (let pause = 10; ; pause = Math.min(1.2 * pause, LONGEST_PAUSE)) {
    const found = await look()
    if (found !== false && found !== null && found !== undefined)
      return found as Exclude<T, false | null | undefined>
    if (performance.now() > end) assert.fail(`not in time: ${what}`)
    await setTimeout(pause)
  }
}
