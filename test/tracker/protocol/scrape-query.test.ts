import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readScrape } from '../../../src/tracker/protocol/http-query.js'
import { assertRefusedBy } from './refused.js'

test('the torrents of a scrape are in byte order, without duplicates', () => {
  const query = `info_hash=${'%ff'.repeat(20)}&x=1&info_hash=${'a'.repeat(20)}&info_hash=${'%61'.repeat(20)}`
  const hashes = readScrape(query).map((bytes) => Buffer.from(bytes).toString('latin1'))
  assert.deepEqual(hashes, ['a'.repeat(20), '\xff'.repeat(20)])
})

test('the name of a field may be escaped', () => {
  assert.equal(readScrape(`%69nfo%5Fhash=${'a'.repeat(20)}`).length, 1)
})

test('a scrape without torrents names none', () => {
  assert.deepEqual(readScrape(''), [])
})

test('a hash that does not have 20 bytes is refused', () => {
  assertRefusedBy(() => readScrape('info_hash=abc'), 400, 'info_hash does not have 20 bytes')
})
