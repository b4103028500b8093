import { test } from 'node:test'
import { askAtOnce } from './many-clients.js'

test('two hundred clients at once cause one hashing, and none gets an error', (t) =>
  askAtOnce(t, 200, 16 * 2 ** 20))
