import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRaw, rawPath, textOfPath } from '../../../src/base/text/raw-path.js'
import { fc } from '../../support/random.js'

test('any bytes are found again in the text of their path', () => {
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xf0, 0x9f, 0x92, 0x80))
  fc.assert(
    fc.property(fc.array(byte), (bytes) => {
      assert.deepEqual(Buffer.from(rawPath(textOfPath(Buffer.from(bytes)))), Buffer.from(bytes))
    }),
  )
})

test('a path that is UTF-8 stays a text, also with surrogate pairs and U+FFFD', () => {
  for (const path of ['/a/b', '💀', 'caf\ufffd', '']) {
    assert.equal(textOfPath(Buffer.from(path)), path)
    assert.equal(rawPath(path), path)
    assert.equal(isRaw(path), false)
  }
})
