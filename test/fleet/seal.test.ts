import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seal, unseal } from '../../src/fleet/seal.js'

const KEY = Buffer.alloc(32, 'k')
const OTHER = Buffer.alloc(32, 'o')
const BYTES = Buffer.from('digests')

test('sealed bytes are opened by their subject and either of two keys', () => {
  const sealed = seal('name', BYTES, [KEY])
  assert.deepEqual(Buffer.from(unseal('name', sealed, [OTHER, KEY]) ?? []), BYTES)
  assert.equal(unseal('another', sealed, [KEY]), null)
  assert.equal(unseal('name', sealed, [OTHER]), null)
  assert.equal(unseal('name', sealed, []), null)
})

test('bytes of which any was changed or cut are not opened', () => {
  const sealed = seal('name', BYTES, [KEY])
  for (const at of sealed.keys()) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(unseal('name', changed, [KEY]), null, `byte ${at}`)
    assert.equal(unseal('name', sealed.subarray(0, at), [KEY]), null, `${at} bytes`)
  }
})
