import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedVersion } from '../../../src/mirror/torrents/asked-version.js'

test('an address asks for version 1 unless its query names another', () => {
  for (const url of [
    '/a',
    '/a?',
    '/v2',
    '/a?V2',
    '/a?v1',
    '/a?x=v2',
    '/a?v2=1',
    '/a?toString',
    '/?&',
  ])
    assert.equal(askedVersion(url), 'v1', url)
  assert.equal(askedVersion('/a?v2'), 'v2')
  assert.equal(askedVersion('/a?hybrid'), 'hybrid')
  assert.equal(askedVersion('/a?x=1&hybrid&v2'), 'hybrid')
})
