import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryAddress, fileAddress } from '../../src/metainfo/trackers.js'

test('the address of a directory is percent-encoded, with a slash at its end', () => {
  assert.equal(directoryAddress('http://m', []), 'http://m/')
  assert.equal(
    directoryAddress('http://m/pub', ['a b', 'ü', 'c+d%']),
    'http://m/pub/a%20b/%C3%BC/c%2Bd%25/',
  )
  assert.equal(directoryAddress('http://m', ['a?b#c']), 'http://m/a%3Fb%23c/')
})

test('the address of a file is percent-encoded, and has no slash at its end', () => {
  assert.equal(fileAddress('http://m', ['a b.iso']), 'http://m/a%20b.iso')
  assert.equal(fileAddress('http://m/pub', ['ü', 'c#d?']), 'http://m/pub/%C3%BC/c%23d%3F')
})
