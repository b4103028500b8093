import assert from 'node:assert/strict'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { listNames, readEntries, readNames } from '../../../src/disk/look/read-names.js'

test('an entry that a directory lists twice is listed once', async (t) => {
  t.mock.method(fs, 'readdirSync', () => ['b', 'a', 'b'])
  t.mock.method(fsPromises, 'readdir', (_: string, options?: object) => {
    return Promise.resolve(options ? [{ name: 'b' }, { name: 'b' }] : ['b', 'a', 'b'])
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  assert.deepEqual(
    [readNames('.'), await listNames('.')],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
  assert.deepEqual(await readEntries('.'), [{ name: 'b' }])
})
