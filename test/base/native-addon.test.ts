import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { requireOwn } from '../../src/base/native-addon.js'

test('a module beside the packages of this installation is none of them', () => {
  const require = createRequire(import.meta.url)
  const isRefused = { message: /in this installation$/ }
  for (const place of ['node_modules.old/lmdb', 'lmdb', '../node_modules/lmdb']) {
    assert.throws(() => requireOwn(resolve(place), require), isRefused, place)
  }
  assert.equal(typeof requireOwn('lru-cache', require), 'object')
})
