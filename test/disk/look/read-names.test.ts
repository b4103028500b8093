import assert from 'node:assert/strict'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { test } from 'node:test'
import { listNames, readEntries, readNames } from '../../../src/disk/look/read-names.js'
import { importMocks } from '../../support/import-mocks.js'

test('an entry that a directory lists twice is listed once', async (t) => {
  t.mock.method(fs, 'readdirSync', () => ['b', 'a', 'b'])
  t.mock.method(fsPromises, 'readdir', (_: string, options?: object) => {
    return Promise.resolve(options ? [{ name: 'b' }, { name: 'b' }] : ['b', 'a', 'b'])
  })
  importMocks(t)
  assert.deepEqual(
    [readNames('.'), await listNames('.')],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
  assert.deepEqual(await readEntries('.'), [{ name: 'b' }])
})
