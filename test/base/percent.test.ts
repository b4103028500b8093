import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePercent, encodeName, encodePercent } from '../../src/base/percent.js'
import { decodeName, textOfPath } from '../../src/base/text/raw-path.js'

test('a name of any bytes is encoded by its bytes, and decoded again', () => {
  // As curl's --url-query has "café" and its bytes of old systems
  const latin1 = textOfPath(Buffer.from("l'\xe9t\xe9", 'latin1'))
  assert.equal(encodeName('café'), 'caf%C3%A9')
  assert.equal(encodeName(latin1), 'l%27%e9t%e9')
  for (const name of ['café', latin1, 'a/b %?#', '\u{1f600}'])
    assert.equal(decodeName(encodeName(name)), name)
})

test('half of a character has a form, too', () => {
  assert.equal(encodePercent('a\ud83db'), 'a%EF%BF%BDb')
})

test('a wrong escape is not decoded', () => {
  for (const text of ['%', '%4', '%zz', 'a%E9%'])
    assert.deepEqual([decodeName(text), decodePercent(text, 'none')], [null, 'none'])
})
