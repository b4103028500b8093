import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRecord, readRecord, sealRecord } from '../../src/fleet/sealed-record.js'

const KEY = Buffer.alloc(32, 'k')
const RECORD = { machine: 'mirror-1', epoch: 3, sharedAt: 1_700_000_000, body: Buffer.from('body') }

test('a record is opened by its name and either of two keys', () => {
  const sealed = sealRecord('name', RECORD, KEY)
  const other = Buffer.alloc(32, 'o')
  const opened = openRecord('name', sealed, [other, KEY])
  assert.deepEqual({ ...opened, body: Buffer.from(opened?.body ?? []) }, RECORD)
  assert.equal(openRecord('another', sealed, [KEY]), null)
  assert.equal(openRecord('name', sealed, [other]), null)
})

test('a record of which any byte was changed is not opened', () => {
  const sealed = sealRecord('name', RECORD, KEY)
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(openRecord('name', changed, [KEY]), null, `byte ${at}`)
  }
})

test('garbage of any length is no record', () => {
  const sealed = sealRecord('name', RECORD, KEY)
  for (let length = 0; length < sealed.length; length++) {
    // In a buffer of its own, which has nothing after it
    const cut = Uint8Array.from(sealed.subarray(0, length))
    assert.equal(openRecord('name', cut, [KEY]), null, `${length} bytes`)
    assert.equal(readRecord(new Uint8Array(length).fill(255)), null)
  }
})
