import { test } from 'node:test'

/** Whether this is `npm run check:long`. */
const isLong = process.env['BTKIT_TEST_LONG'] === '1'

/**
 * Declares a test that only `npm run check:long` runs, because it starts many programs or takes
 * seconds.
 */
export const longTest = (isLong ? test : () => Promise.resolve()) as typeof test

/** Returns what declares the first of some alike tests, and the others as long ones. */
export function quickFirst(count = 1): typeof test {
  let left = count
  const declare = (...args: Parameters<typeof test>) => (left-- > 0 ? test : longTest)(...args)
  return declare as typeof test
}
