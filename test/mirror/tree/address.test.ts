import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chosenNames, readQuery, requestPath } from '../../../src/mirror/tree/address.js'

test('a query begins at the first question mark', () => {
  assert.equal(readQuery('/a?b?torrent').view, null)
  const { isForList, version, choices } = readQuery('/a/?f=b%3F&hybrid&f=c?&list=&v2')
  assert.deepEqual([isForList, version], [true, 'hybrid'])
  assert.deepEqual(chosenNames({ choices }), ['b?', 'c?'])
  assert.equal(requestPath('http://host?torrent'), '/')
})
