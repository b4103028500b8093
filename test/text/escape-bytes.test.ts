import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeBadBytes } from '../../src/text/escape.js'

for (const [what, bytes, text] of [
  ['text', [0x61, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80], 'aé😀'],
  ['Latin-1 in text', [0x61, 0xe9, 0x62], 'a\\xe9b'],
  ['a character that is cut off', [0x61, 0xf0, 0x9f, 0x98], 'a\\xf0\\x9f\\x98'],
  ['U+FFFD itself', [0xef, 0xbf, 0xbd], '\ufffd'],
  ['nothing', [], ''],
] as const) {
  test(`${what} is shown with its bad bytes in hexadecimal`, () => {
    assert.equal(escapeBadBytes(Buffer.from(bytes)), text)
  })
}
