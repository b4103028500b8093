import { test } from 'node:test'
import { compareHistories, TEST_TIMEOUT, unlessComparable } from './compare-histories.js'

// Many tests, since one that reports nothing for long is taken for one that hangs
for (const [count, seed] of [
  [3000, 5],
  ...[11, 12, 13, 14, 15, 16, 17, 18].map((n) => [5000, n]),
]) {
  test(
    `${count} random histories from seed ${seed} give what opentracker gives`,
    { ...unlessComparable, timeout: TEST_TIMEOUT },
    (t) => compareHistories(t, { count: count!, seed: seed! }),
  )
}
