import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WarningList } from '../../src/metainfo/warning.js'

function countOf(list: WarningList): number {
  return list.toArray().length
}

test('warnings come out in the order in which they went in', () => {
  const list = new WarningList()
  list.add('not-utf8', () => 'first')
  list.add('unsafe-path', () => 'second')
  assert.deepEqual(list.toArray(), [
    { code: 'not-utf8', message: 'first' },
    { code: 'unsafe-path', message: 'second' },
  ])
})

test('fifty of a kind are kept, the rest are counted and not even described', () => {
  const list = new WarningList()
  let described = 0
  for (let at = 0; at < 50; at += 1) list.add('not-utf8', () => `${(described += 1)}`)
  assert.equal(countOf(list), 50)
  for (let at = 0; at < 7; at += 1) list.add('not-utf8', () => `${(described += 1)}`)
  list.add('unsafe-path', () => 'another kind')
  assert.equal(described, 50)
  assert.deepEqual(list.toArray().slice(-2), [
    { code: 'unsafe-path', message: 'another kind' },
    { code: 'not-utf8', message: 'and 7 more like these (not-utf8)' },
  ])
})
