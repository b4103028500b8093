import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packSetRecord, unpackSetRecord } from '../../../../src/disk/cache/records/bodies.js'

test('a set is read back as it was packed', () => {
  const record = { isSingle: true, paths: ['/yum/ä b', '/yum/"\u0001'] }
  assert.deepEqual(unpackSetRecord(packSetRecord(record)), record)
})

const FOREIGN = [
  '',
  '[',
  'null',
  '7',
  '{}',
  '[true]',
  '[1,["/a"]]',
  '[true,"/a"]',
  '[true,["/a",7]]',
]

for (const text of FOREIGN) {
  test(`bytes that are no set are ignored: ${text}`, () => {
    assert.equal(unpackSetRecord(Buffer.from(text)), null)
  })
}
