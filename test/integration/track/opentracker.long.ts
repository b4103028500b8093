import { test } from 'node:test'
import { compareHistories, TEST_TIMEOUT, unlessComparable } from './compare-histories.js'

for (const seed of [11, 12]) {
  test(
    `20,000 random histories from seed ${seed} give what opentracker gives`,
    { ...unlessComparable, timeout: TEST_TIMEOUT },
    (t) => compareHistories(t, { count: 20_000, seed }),
  )
}
