import { test } from 'node:test'
import { askAtOnce } from './many-clients.js'

test('two thousand clients at once cause one hashing, and none gets an error', (t) =>
  askAtOnce(t, 2000, 64 * 2 ** 20))
