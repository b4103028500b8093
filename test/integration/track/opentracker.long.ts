import { test } from 'node:test'
import { compareHistories, TEST_TIMEOUT, unlessComparable } from './compare-histories.js'

for (const [count, seed] of [
  [3000, 5],
  [20_000, 11],
  [20_000, 12],
] as const) {
  test(
    `${count} random histories from seed ${seed} give what opentracker gives`,
    { ...unlessComparable, timeout: TEST_TIMEOUT },
    (t) => compareHistories(t, { count, seed }),
  )
}
