import { test } from 'node:test'
import { askAtOnce } from './many-clients.js'

test('ten thousand clients at once cost one hashing, and none hears of an error', (t) =>
  askAtOnce(t, 10_000, 512 * 2 ** 20))
