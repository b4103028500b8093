import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asksForList,
  asksForPage,
  askedView,
  chosenNames,
  requestPath,
} from '../../../src/mirror/tree/address.js'

test('a query begins at the first question mark', () => {
  assert.equal(askedView('/a?b?torrent'), null)
  assert.equal(asksForPage('/a?b&details'), true)
  assert.equal(asksForList('/a/?f=b&list='), true)
  assert.deepEqual(chosenNames('/a/?f=b%3F&f=c?'), ['b?', 'c?'])
  assert.equal(requestPath('http://host?torrent'), '/')
})
