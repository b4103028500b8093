import { test } from 'node:test'
import { compareHistories, TEST_TIMEOUT, unlessComparable } from './compare-histories.js'

test(
  'random histories, time-outs among them, give the counts, peers and scrapes of opentracker',
  { ...unlessComparable, timeout: TEST_TIMEOUT },
  (t) => compareHistories(t, { count: 1000, seed: 5 }),
)
