import { test } from 'node:test'
import { askAtOnce } from './many-clients.js'

test('two thousand clients at once cost one hashing, and none hears of an error', (t) =>
  askAtOnce(t, 2000, 64 * 2 ** 20))
