import assert from 'node:assert/strict'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { test } from 'node:test'
import {
  compareBytes,
  listNames,
  readEntries,
  readNames,
  sortByBytes,
} from '../../../src/disk/look/read-names.js'
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

// The ends of each length in UTF-8, and neighbours of the surrogates in UTF-16, whose order is
// another one
const EDGES = [
  '',
  '\0',
  'a',
  '\x7f',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{103ff}',
  '\u{10400}',
  '\u{10ffff}',
]

test('names are in the order of their UTF-8 bytes', () => {
  const names = EDGES.flatMap((a) => EDGES.flatMap((b) => EDGES.map((c) => a + b + c)))
  const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(names.toReversed().toSorted(compareBytes), byBytes)
  assert.deepEqual(sortByBytes(names.toReversed()), byBytes)
})
