import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isUnmodified } from '../../../src/service/web/conditional.js'

const MODIFIED = 'Tue, 14 Nov 2023 22:13:20 GMT'
const VALIDATORS = { etag: '"tag"', lastModified: MODIFIED }
const EARLIER = 'Tue, 14 Nov 2023 22:13:19 GMT'

const isSame = (headers: Record<string, string>) => isUnmodified(headers, VALIDATORS)

test('a request without a condition wants it all', () => {
  assert.equal(isSame({}), false)
})

test('a client that has this tag, strong or weak, has this state', () => {
  for (const tags of ['"tag"', 'W/"tag"', '"a", "tag"', '"a",W/"tag","b"', '*', ' "tag" ']) {
    assert.equal(isSame({ 'if-none-match': tags }), true, tags)
  }
})

test('a client that has other tags has not', () => {
  for (const tags of ['"other"', '', 'tag', '"tag', '"a", "b"', '"TAG"', '"*"']) {
    assert.equal(isSame({ 'if-none-match': tags }), false, tags)
  }
})

test('the date counts when it is the same', () => {
  assert.equal(isSame({ 'if-modified-since': MODIFIED }), true)
  assert.equal(isSame({ 'if-modified-since': EARLIER }), false)
})

test('a file replaced by an older one is another one', () => {
  assert.equal(isSame({ 'if-modified-since': 'Tue, 14 Nov 2023 22:13:21 GMT' }), false)
})

test('a tag outweighs the date', () => {
  assert.equal(isSame({ 'if-none-match': '"other"', 'if-modified-since': MODIFIED }), false)
  assert.equal(isSame({ 'if-none-match': '"tag"', 'if-modified-since': EARLIER }), true)
})
