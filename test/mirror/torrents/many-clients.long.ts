import { test } from 'node:test'
import { askAtOnce } from './many-clients.js'

test('ten thousand clients at once cause one hashing, and none gets an error', (t) =>
  askAtOnce(t, 10_000, 512 * 2 ** 20))
