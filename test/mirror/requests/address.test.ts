import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  asksForList,
  asksForPage,
  askedVersion,
  askedView,
  chosenNames,
  isProgressAddress,
  namedView,
  pageLinks,
  requestPath,
} from '../../../src/mirror/requests/address.js'
import { parseListingQuery } from '../../../src/mirror/pages/listing.js'
import { parseSearch } from '../../../src/server/views/results.js'
import { splitTarget } from '../../../src/server/answers/target.js'
import { processorTime } from '../../support/processor-time.js'

/** Node accepts no longer header. */
const LONGEST = 16_000

const READERS = {
  askedVersion,
  askedView,
  asksForList,
  asksForPage,
  chosenNames,
  isProgressAddress,
  namedView,
  pageLinks,
  parseListingQuery,
  parseSearch,
  requestPath,
  splitTarget,
}

test('no address of a request takes long to read, whatever it repeats', () => {
  for (const repeated of [
    '?',
    '&',
    '/',
    '=',
    '%',
    '%20',
    '+',
    '.',
    'f=',
    '&f=a',
    'http://',
    '\\',
  ]) {
    const run = repeated.repeat(LONGEST / repeated.length)
    for (const url of [`/x${run}`, `/x?${run}`, `/x?${run}list`, `http://x${run}`]) {
      for (const [name, read] of Object.entries(READERS)) {
        const time = processorTime(() => {
          try {
            read(url)
          } catch {
            // Many are refused
          }
        })
        assert.ok(time < 20, `${name} of ${url.slice(0, 12)}… takes ${time} ms`)
      }
    }
  }
})

test('a query begins at the first question mark', () => {
  assert.equal(askedView('/a?b?torrent'), null)
  assert.equal(asksForPage('/a?b&details'), true)
  assert.equal(asksForList('/a/?f=b&list='), true)
  assert.deepEqual(chosenNames('/a/?f=b%3F&f=c?'), ['b?', 'c?'])
  assert.equal(requestPath('http://host?torrent'), '/')
})
