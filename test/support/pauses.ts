import type { TestContext } from 'node:test'
import timers from 'node:timers/promises'
import { importMocks } from './import-mocks.js'

/** Shortest pause in milliseconds: other timers are left as they are. */
const SHORTEST = 500

/** Ends pauses between tries at once, until the test ends. Returns them in milliseconds. */
export function withoutPauses(t: TestContext): number[] {
  const pauses: number[] = []
  const wait = timers.setTimeout
  t.mock.method(timers, 'setTimeout', ((ms, ...rest) => {
    // One that does not keep the process is a limit
    const isLimit = rest[1]?.ref === false
    if (ms === undefined || ms < SHORTEST || isLimit) return wait(ms, ...rest)
    pauses.push(ms)
    return wait(0, ...rest)
  }) as typeof wait)
  importMocks(t)
  return pauses
}
